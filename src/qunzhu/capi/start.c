/* The C part of libImSDK.so: which Python it runs in, and what its functions do where there is none.

   Before it stand the macros QUNZHU_PYTHON, QUNZHU_SITE and QUNZHU_VERSION, after it the functions themselves. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define NO_ATEXIT 0x00080000L /* OPENSSL_INIT_NO_ATEXIT */

static int cffi_start_python(void);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char reason[1024];
static int attached; /* set by Python: every function has what runs when it is called */
static int own;      /* Python was started by this library */
static bool forked;

/* Finds the package. Only this library's own modules are loaded by an own Python: with RTLD_DEEPBIND they see their own
   OpenSSL and zlib, and not those that a host such as Electron exports. A host that is Python keeps its flags. */
static const char LOOK[] =
    "import site, sys\n"
    "if flags:\n"
    "    sys.setdlopenflags(flags)\n"
    "try:\n"
    "    if folder not in sys.path:\n"
    "        site.addsitedir(folder)\n"
    "    import _cffi_backend, qunzhu.capi.start\n"
    "    reason = ''\n"
    "except BaseException as fault:\n"
    "    reason = f'{type(fault).__name__}: {fault}; the package was looked for in {folder}'\n";

static int failed(const char *text)
{
    snprintf(reason, sizeof reason, "%s", text ? text : "no reason is known");
    return -1;
}

/* The host loads this library for itself alone, but Python's extension modules look for Python's symbols everywhere. */
static void share_python(void)
{
    Dl_info info;
    if (dladdr((void *)&Py_IsInitialized, &info) && info.dli_fname)
        dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

/* Starts the Python of this library's environment, whatever the host's variables and working folder are. */
static int start_python(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;

    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status))
        return failed(status.err_msg);
    PyConfig_InitIsolatedConfig(&config);
    status = PyConfig_SetBytesString(&config, &config.program_name, QUNZHU_PYTHON);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        return failed(status.err_msg);
    own = 1;
    PyEval_SaveThread();
    return 0;
}

/* Refuses a host that is another Python: its objects are not laid out as this library was compiled for. */
static int check_host(void)
{
    const char *found = Py_GetVersion();
    size_t length = sizeof(QUNZHU_PYTHON_VERSION) - 1;

    if (!strncmp(found, QUNZHU_PYTHON_VERSION ".", length + 1))
        return 0;
    snprintf(reason, sizeof reason, "it was made for Python %s, but the program that loads it is Python %.*s",
             QUNZHU_PYTHON_VERSION, (int)strcspn(found, " "), found);
    return -1;
}

static int check_build(void)
{
    PyObject *flags = PySys_GetObject("abiflags");
    if (!flags || !PyUnicode_CompareWithASCIIString(flags, QUNZHU_PYTHON_FLAGS))
        return 0;
    return failed("the program that loads it is a Python of another build (debugging, or without a global lock)");
}

static int find_package(void)
{
    PyObject *names, *folder, *flags, *done, *found;
    int result = -1;

    names = PyDict_New();
    folder = PyUnicode_DecodeFSDefault(QUNZHU_SITE);
    flags = PyLong_FromLong(own ? RTLD_NOW | RTLD_DEEPBIND : 0);
    if (names && folder && flags && !PyDict_SetItemString(names, "folder", folder)
        && !PyDict_SetItemString(names, "flags", flags)
        && !PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins())) {
        done = PyRun_String(LOOK, Py_file_input, names, names);
        Py_XDECREF(done);
        found = PyDict_GetItemString(names, "reason");
        if (found && PyUnicode_Check(found) && !PyUnicode_GET_LENGTH(found))
            result = 0;
        else
            failed(found ? PyUnicode_AsUTF8(found) : NULL);
    }
    PyErr_Clear();
    Py_XDECREF(flags);
    Py_XDECREF(folder);
    Py_XDECREF(names);
    return result;
}

static int prepare(void)
{
    PyGILState_STATE state = PyGILState_Ensure();
    int result = own ? 0 : check_build();

    if (!result)
        result = find_package();
#if PY_VERSION_HEX < 0x030C0000
    /* cffi takes this type's tag for a lock of its own, and waits for ever where the tag is in use. */
    PyType_Modified(&PyCapsule_Type);
#endif
    PyGILState_Release(state);
    return result;
}

/* A child of fork() has none of the threads, and perhaps a lock that nobody will ever release. */
static void in_child(void)
{
    forked = true;
}

static void begin(void)
{
    share_python();
    if (!(Py_IsInitialized() ? check_host() : start_python()) && !prepare() && !cffi_start_python() && attached)
        pthread_atfork(NULL, NULL, in_child);
    else
        fprintf(stderr, "libImSDK.so %s cannot be used: %s\n", QUNZHU_VERSION, reason[0] ? reason : "see above");
}

static bool usable(void)
{
    if (forked)
        return false;
    pthread_once(&once, begin);
    return attached;
}

/* OpenSSL takes itself apart in exit(), while this library's threads may be using it: let it not. */
static void keep_openssl(const char *module, int flags)
{
    void *found = dlopen(module, flags);
    int (*init)(uint64_t, const void *) = found ? dlsym(found, "OPENSSL_init_crypto") : NULL;
    if (init)
        init(NO_ATEXIT, NULL);
}
