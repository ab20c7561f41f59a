"""Builds the wheel: the package and libstrand.so in one zip file (PEP 517, PEP 427), without any build requirement.

libstrand.so is the one that STRAND_LIBRARY names, else build/lib/libstrand.so of this tree, which is built by CMake
where it is missing. The wheel is for every Python 3 on Linux with this machine's kind of processor and a C library not
older than its own.
"""
import base64
import hashlib
import os
import pathlib
import platform
import re
import stat
import subprocess
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent


def library():
    named = os.environ.get("STRAND_LIBRARY")
    path = pathlib.Path(named) if named else TREE / "build/lib/libstrand.so"
    if not named and not path.exists():
        subprocess.run(["cmake", "-G", "Ninja", "-S", TREE, "-B", TREE / "build"], check=True)
        subprocess.run(["cmake", "--build", TREE / "build", "--target", "strand"], check=True)
    if not path.exists():
        raise SystemExit(f"there is no {path}, which STRAND_LIBRARY names")
    return path


def tag():
    libc, version = platform.libc_ver()
    system = f"manylinux_{version.replace('.', '_')}" if libc == "glibc" else "linux"
    return f"py3-none-{system}_{platform.machine()}"


def project():
    p = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    p["version"] = re.search(r"project\(strand VERSION ([\d.]+)", (TREE / "CMakeLists.txt").read_text())[1]
    return p


def metadata_text(p):
    lines = ["Metadata-Version: 2.1", f"Name: {p['name']}", f"Version: {p['version']}", f"Summary: {p['description']}",
             f"License: {p['license']['text']}", f"Requires-Python: {p['requires-python']}"]
    return "\n".join(lines + [f"Requires-Dist: {d}" for d in p["dependencies"]]) + "\n"


class Wheel:
    """A zip file that notes what was put in."""

    def __init__(self, path):
        self.zip, self.record = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6), []

    def add(self, name, content, mode=0o644):
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFREG | mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(info, content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={digest},{len(content)}")

    def close(self, folder):
        name = f"{folder}/RECORD"
        self.zip.writestr(name, "\n".join(self.record + [f"{name},,"]) + "\n")
        self.zip.close()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    p = project()
    shared = library()
    file = f"{p['name']}-{p['version']}-{tag()}.whl"
    info = f"{p['name']}-{p['version']}.dist-info"
    wheel = Wheel(pathlib.Path(wheel_directory) / file)
    for source in sorted((HERE / "strand").glob("*.py")):
        wheel.add(f"strand/{source.name}", source.read_bytes())
    wheel.add("strand/libstrand.so", shared.read_bytes(), 0o755)
    wheel.add(f"{info}/METADATA", metadata_text(p).encode())
    about = ["Wheel-Version: 1.0", "Generator: strand", "Root-Is-Purelib: false", f"Tag: {tag()}", ""]
    wheel.add(f"{info}/WHEEL", "\n".join(about).encode())
    wheel.add(f"{info}/licenses/LICENSE", (TREE / "LICENSE").read_bytes())
    wheel.close(info)
    return file


def build_sdist(sdist_directory, config_settings=None):
    raise SystemExit("a source distribution would not hold the compiler; build a wheel from the tree")
