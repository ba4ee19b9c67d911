// Elements are made here and nowhere else. Texts become text nodes: nothing that a server sends is read as markup.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "polyline", "polygon", "line", "rect", "circle", "g", "title"]);
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "open", "indeterminate"]);
const PLAIN_URL = /^(#|\.|[a-z0-9_/-]+(\.[a-z]+)?([?#]|$)|https?:\/\/|data:image\/(png|jpeg|gif|webp);|blob:)/i;

/** Make an element: h("p", {class: "note"}, "text", child, [more]). null, undefined and false are left out. */
export function h(tag, props, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  add(node, children);
  return node;
}

/** Append children: texts, numbers, nodes and arrays of them. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Put other children in the place of those an element has. */
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

/** Give an element these children in this order; those that stay are not touched, so that only news is read out. */
export function arrange(node, children) {
  let at = node.firstChild;
  for (const child of children) {
    if (at === child) at = at.nextSibling;
    else node.insertBefore(child, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Set an attribute, a property, or with "on..." a listener. */
export function set(node, name, value) {
  if (typeof value === "function" && name.startsWith("on")) {
    node.addEventListener(name.slice(2), value);
  } else if (PROPERTIES.has(name) && name in node) {
    node[name] = value ?? (name === "value" ? "" : false);
  } else if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
  } else if (name === "style" || name.startsWith("on")) {
    throw new Error(`${name}: styles stand in style.css, listeners are functions`);
  } else if (name === "href" || name === "src") {
    node.setAttribute(name, PLAIN_URL.test(String(value)) ? String(value) : "#");
  } else {
    node.setAttribute(name, value === true ? "" : String(value));
  }
}

let counter = 0;

/** Return an id that no other element has. */
export function newId(prefix = "q") {
  counter += 1;
  return `${prefix}-${counter}`;
}
