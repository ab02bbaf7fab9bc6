"""Weights in and out: safetensors and NPZ, by the names of the parameters."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from lab.data import door, tensors
from lab.errors import FileError
from lab.tape.program import Program

_KINDS = {name: code for name, code in tensors.KINDS.items() if name not in ("BF16", "BOOL")}
MAX_BYTES = 256 << 20  # of a file of weights, packed or unpacked


def save_weights(path: str | Path, program: Program, state: dict[str, np.ndarray]) -> None:
    """Write all parameters and running values; the ending (.safetensors or .npz) chooses the format."""
    path = Path(path)
    arrays = {name: np.ascontiguousarray(value) for name, value in (program.parameters(state) | program.statistics(state)).items()}
    write = {".safetensors": write_safetensors, ".npz": _write_npz}.get(path.suffix)
    if write is None:
        raise FileError(f"Weights are saved as .safetensors or .npz, not as '{path.name}'; change the ending.")
    temporary = path.with_name(path.name + ".part")
    try:
        write(temporary, arrays)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"The weights could not be written to '{path}': {error.strerror or error}; choose another place.") from None


def load_weights(path: str | Path, program: Program, state: dict[str, np.ndarray], *, partial: bool = False) -> None:
    """Set the parameters and running values of `state` from a file; names and shapes must be those of the program."""
    path = Path(path)
    if not path.is_file():
        raise FileError(f"There is no file {path} to load weights from.")
    if path.suffix not in (".npz", ".safetensors"):
        raise FileError(f"Weights are loaded from .safetensors or .npz files, not from '{path.name}'.")
    arrays = read_npz(path) if path.suffix == ".npz" else read_safetensors(path)
    wrong = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if wrong:
        raise FileError(f"'{path.name}' holds a value in '{wrong[0]}' that is not finite; train these weights again.")
    program.load(state, arrays, partial=partial)


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays in the safetensors format."""
    tensors.write(path, arrays)


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a safetensors file; a damaged or hostile one is refused with a sentence."""
    path = Path(path)

    def refuse(why: str) -> FileError:
        return FileError(f"'{path.name}' is not a sound safetensors file: {why}; export it again.")

    content = door.read_bytes(path, limit=MAX_BYTES, what="a file of weights")
    first = 8 + tensors.header_length(content[:8], len(content), refuse)
    found = tensors.entries(content[8:first], len(content) - first, refuse, _KINDS)
    data = memoryview(content)[first:]
    return {name: np.frombuffer(data[e.start : e.stop], _KINDS[e.kind]).reshape(e.shape) for name, e in found.items()}


def _write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with open(path, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Arrays of an NPZ file; objects inside are refused."""
    place = door.regular(path, limit=MAX_BYTES, what="a file of weights")
    try:
        with zipfile.ZipFile(place) as packed:
            claimed = sum(info.file_size for info in packed.infolist())
        if claimed > MAX_BYTES:
            raise FileError(f"'{place.name}' unpacks to {claimed / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB of weights can be read.")
        with np.load(place, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError, AttributeError) as error:
        raise FileError(f"'{Path(path).name}' could not be read as NPZ ({type(error).__name__}); save it again with numpy.savez.") from None
