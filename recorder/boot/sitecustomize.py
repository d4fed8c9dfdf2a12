"""Starts Ghost's recorder, then steps aside.

Python's site module imports `sitecustomize` at start-up. With this folder first
in PYTHONPATH it finds this file, which loads the recorder made for the running
interpreter, takes itself out of the import system, and lets the sitecustomize
that would have been found without Ghost (the user's, the distribution's) run in
its place, or fail as it would have failed.

Rules: nothing here may break, slow down or print in the application. What goes
wrong becomes one line in <session>/<pid>.refused, which `ghost run` shows. The
syntax stays valid for every Python from 2.7 on, because all of them read it.
"""
import os
import sys

OLDEST, NEWEST = (3, 11), (3, 15)
DEEP_MAX = 256                       # GHOST_DEEP_MAX of include/ghost/def.h

# How helper processes of multiprocessing and its relatives begin: they run the
# main module of their parent under the name __mp_main__. Programs given to -c,
# then modules given to -m.
SPAWNED_CODE = (
    ('from multiprocessing.spawn import', 'multiprocessing.spawn'),
    ('from multiprocessing.forkserver import', 'multiprocessing.forkserver'),
    ('from billiard.spawn import', 'billiard.spawn'),
    ('from billiard.forkserver import', 'billiard.forkserver'),
)
SPAWNED_MODULES = ('joblib.externals.loky.backend.popen_loky_posix', 'loky.backend.popen_loky_posix')
# A helper that never runs a line of the application.
TRACKER_CODE = 'from multiprocessing.resource_tracker import'
SCRIPT_SUFFIXES = ('.py', '.pyw', '.pyc', '.pyz', '.zip')


class Refused(Exception):
    """This process cannot be recorded; the text says why and what helps."""


def leave_import_system(boot):
    """sys.path and its caches as they are without Ghost."""
    sys.path[:] = [entry for entry in sys.path if entry != boot]
    sys.path_importer_cache.pop(boot, None)


def in_main_interpreter():
    """site runs in every subinterpreter too; only the main one is recorded."""
    import _thread
    if hasattr(_thread, '_is_main_interpreter'):
        return _thread._is_main_interpreter()
    import _signal
    try:
        _signal.signal(_signal.SIGTERM, None)  # no handler: refused before anything is changed
    except TypeError:
        return True
    except ValueError:                         # "... of the main interpreter"
        return False
    return True


def check_interpreter():
    name = getattr(getattr(sys, 'implementation', None), 'name', 'cpython')
    version = sys.version_info[:2]
    if name != 'cpython':
        raise Refused('only CPython can be recorded, not %s; run it with a CPython of 3.%d to 3.%d'
                      % (name, OLDEST[1], NEWEST[1]))
    if not OLDEST <= version <= NEWEST:
        raise Refused('CPython %d.%d cannot be recorded, only 3.%d to 3.%d'
                      % (version + (OLDEST[1], NEWEST[1])))
    if 't' in getattr(sys, 'abiflags', ''):
        raise Refused('free-threaded builds cannot be recorded; use the ordinary build of CPython %d.%d' % version)


def recorder_path(lib):
    """The recorder made for this interpreter."""
    version = sys.version_info[:2]
    flags = getattr(sys, 'abiflags', '')
    path = '%s/ghost_recorder.cpython-%d%d%s.so' % ((lib,) + version + (flags,))
    if not os.path.exists(path):
        kind = 'a debug build of ' if 'd' in flags else ''
        raise Refused('there is no recorder for %sCPython %d.%d: %s is missing; build it with '
                      'make PYTHONS=<this interpreter>' % ((kind,) + version + (path,)))
    return path


def load_recorder(path):
    """Imports the extension by its path: its folder never is on sys.path."""
    import _frozen_importlib
    import _frozen_importlib_external as external
    loader = external.ExtensionFileLoader('ghost_recorder', path)
    spec = external.spec_from_file_location('ghost_recorder', path, loader=loader)
    return _frozen_importlib._load(spec)


def option_value(letter, arguments):
    """What stands behind -m or -c on the interpreter's command line. The word in
    front of the program's own arguments is the value, or an option with it."""
    words = getattr(sys, 'orig_argv', ())
    if len(words) <= len(arguments):
        return ''
    word = words[len(words) - len(arguments) - 1]
    return word.partition(letter)[2] if word.startswith('-') else word


def stem(path):
    name = os.path.basename(os.path.abspath(path))
    base, suffix = os.path.splitext(name)
    return base if base and suffix in SCRIPT_SUFFIXES else name


def identify(env):
    """(main_name, script) of this process, without any of its arguments; None
    for a process that is not worth a log."""
    argv = getattr(sys, 'argv', None) or ['']
    first, parent_main = argv[0], env.get('GHOST_MAIN', '__main__')
    if first == '-c':
        code = option_value('c', argv[1:])
        if code.startswith('import sys; '):      # newer forkservers
            code = code[len('import sys; '):]
        if code.startswith(TRACKER_CODE):
            return None
        for beginning, module in SPAWNED_CODE:
            if code.startswith(beginning):
                return parent_main, module
        return '__main__', '-c'
    if first == '-m':
        module = option_value('m', argv[1:])
        if module in SPAWNED_MODULES:
            return parent_main, module
        return module or '__main__', module or '-m'
    if first in ('', '-'):
        return '__main__', '-' if getattr(sys, 'orig_argv', None) else '<embedded>'
    return stem(first), first


def library_folders():
    """Folders of the standard library, and of installed packages."""
    import site
    stdlib = [getattr(sys, '_stdlib_dir', None) or os.path.dirname(os.__file__)]
    stdlib.append('%s/%s/python%d%d.zip' % ((sys.base_prefix, sys.platlibdir) + sys.version_info[:2]))
    installed = site.getsitepackages()
    if sys.prefix != sys.base_prefix:
        installed += site.getsitepackages([sys.base_prefix, sys.base_exec_prefix])
    if site.USER_SITE:
        installed.append(site.USER_SITE)
    return stdlib, list(dict.fromkeys(installed))


def number(env, name, factor, suffixes):
    """A number from the environment, None when unset; 64M, 2G with suffixes."""
    text = env.get(name, '')
    if not text:
        return None
    power = suffixes.find(text[-1].upper()) + 1
    try:
        value = float(text[:-1] if power else text) * factor * 1024 ** power
        if not 0 <= value < 2 ** 62:
            raise ValueError
    except ValueError:
        raise Refused('%s has no usable value; it wants %s' % (name, 'a size as 500M' if suffixes else 'seconds as 2.5'))
    return int(value)


def depth(env):
    """How many elements of a container are looked at; 0 none."""
    text = env.get('GHOST_DEEP') or '0'
    if not text.isdecimal() or int(text) > DEEP_MAX:
        raise Refused('GHOST_DEEP has no usable value; it wants a number of elements, 0 to %d' % DEEP_MAX)
    return int(text)


def data_dir(env):
    folder = env.get('GHOST_DATA_DIR') or os.path.expanduser('~/.ghost')
    if folder.startswith('~'):
        raise Refused('no home directory: set GHOST_DATA_DIR to the folder for sessions')
    return os.path.abspath(folder)


def make_folder(path):
    """Private folders down to `path`; those that exist stay as they are."""
    if not os.path.isdir(path):
        make_folder(os.path.dirname(path))
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass


def session_dir(env):
    """The session of `ghost run` or of the parent process, else a new one,
    which children join through the environment."""
    folder = env.get('GHOST_SESSION_DIR')
    if folder:
        return folder
    import time
    root = data_dir(env) + '/sessions'
    try:
        make_folder(root)
        folder = '%s/%d-%s' % (root, time.time(), os.urandom(4).hex())
        os.mkdir(folder, 0o700)
    except OSError as error:
        raise Refused('cannot make a session in %s: %s; set GHOST_DATA_DIR to a folder that can be written'
                      % (root, error.strerror))
    env['GHOST_SESSION_DIR'] = folder
    return folder


def globs(env, name):
    return [glob for glob in env.get(name, '').split(':') if glob]


def configuration(env, boot, main_name, script):
    stdlib, installed = library_folders()
    on_full = env.get('GHOST_ON_FULL') or 'wait'
    if on_full not in ('wait', 'drop'):
        raise Refused('GHOST_ON_FULL must be wait or drop')
    return {
        'main_name': main_name, 'script': script, 'boot': boot,
        'how': env.get('GHOST_HOW') or 'env',
        'include': globs(env, 'GHOST_INCLUDE'), 'exclude': globs(env, 'GHOST_EXCLUDE'),
        'all': env.get('GHOST_ALL') == '1',
        'stdlib': stdlib, 'site': installed,
        'flush_ms': number(env, 'GHOST_FLUSH', 1000, ''),
        'on_full': on_full,
        'max_log': number(env, 'GHOST_MAX_LOG', 1, 'KMGT'),
        'deep': depth(env),
        'hook': env.get('GHOST_HOOK', ''),
        'session_dir': session_dir(env),
    }


def one_call():
    for _ in range(9):               # from here on its instructions specialize themselves
        pass
    (lambda: None)()


def make_subscripts_visible():
    """CPython 3.11.0 to 3.11.3 run a __getitem__ without asking the frame evaluator (gh-104405), where
    they find a version of the function below 2**16 to remember. So all of these are used up: each first
    call of a function takes one. 4 ms."""
    if not (3, 11) <= sys.version_info < (3, 11, 4):
        return
    code = one_call.__code__
    raw, call, end = code.co_code, 22, 4   # bytes of the call and of what follows it
    if len(raw) != 64:
        return
    calls = code.replace(co_code=raw[:-call - end] + raw[-call - end:-end] * 4096 + raw[-end:])
    for _ in range(16):
        one_call.__code__ = calls.replace()
        one_call()
    classes = [object]
    for c in classes:                # what has a version already gets another
        classes += type.__subclasses__(c)
        getter = vars(c).get('__getitem__')
        if type(getter) is type(one_call):
            getter.__code__ = getter.__code__


def record(env, boot):
    check_interpreter()
    if 'ghost_recorder' in sys.modules or not in_main_interpreter():
        return                       # two copies of Ghost in PYTHONPATH: the first one records
    who = identify(env)
    if who is None:
        return
    path = recorder_path(os.path.dirname(boot))
    try:
        config = configuration(env, boot, *who)
        recorder = load_recorder(path)
        make_subscripts_visible()
        recorder.start(config)
    except (ImportError, RuntimeError) as error:
        sys.modules.pop('ghost_recorder', None)
        raise Refused(str(error))
    if env.get('GHOST_MAIN') != who[0]:
        env['GHOST_MAIN'] = who[0]   # for processes that multiprocessing spawns


def tell(env, reason):
    """One line for the user, where `ghost run` and `ghost doctor` look for it."""
    if env.get('GHOST_DEBUG'):
        os.write(2, ('ghost: not recorded: %s\n' % reason).encode('utf-8', 'replace'))
    folder, flags = env.get('GHOST_SESSION_DIR'), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    path = '%s/%d.refused' % (folder, os.getpid()) if folder else data_dir(env) + '/refused.txt'
    if not folder:
        make_folder(os.path.dirname(path))
    handle = os.open(path, flags, 0o600)
    try:
        if os.fstat(handle).st_size < 65536:
            line = 'Python %d.%d.%d (%s): %s\n' % (sys.version_info[:3] + (sys.executable, reason))
            os.write(handle, line.encode('utf-8', 'replace'))
    finally:
        os.close(handle)


def main(boot):
    env = os.environ
    leave_import_system(boot)
    if env.get('GHOST_RECORD') != '1':
        return
    try:
        try:
            record(env, boot)
        except Refused as reason:
            tell(env, ' '.join(str(reason).split()))
        except Exception as error:
            tell(env, 'the start of the recorder failed with %s; please report it' % type(error).__name__)
    except Exception:
        pass                         # nowhere to tell it: the application comes first


main(os.path.dirname(os.path.abspath(__file__)))

# The functions refer to this module's namespace: without them no cycle is left
# for the application's garbage collector.
for ghost_name in list(globals()):
    if not ghost_name.startswith('__'):
        del globals()[ghost_name]
del ghost_name

# The sitecustomize of the application takes this one's place. When there is
# none, the ImportError is the one that site expects.
ghost_self = __import__('sys').modules.pop('sitecustomize', None)
import sitecustomize  # noqa: E402,F401
