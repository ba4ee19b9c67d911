// Asking again and again, one question at a time, while the page is looked at and the screen is open.

/** Wait so many milliseconds, or until the signal. */
export function pause(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    }, { once: true });
  });
}

function seen(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => {
    document.addEventListener("visibilitychange", done, { once: true });
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Call ask(signal) every so many milliseconds until the signal; a fault goes to onFault and does not end it. */
export async function poll(ask, ms, signal, onFault = () => {}) {
  while (!signal.aborted) {
    await seen(signal);
    if (signal.aborted) return;
    try {
      await ask(signal);
    } catch (fault) {
      if (signal.aborted) return;
      onFault(fault);
    }
    await pause(ms, signal);
  }
}
