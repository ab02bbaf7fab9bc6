"""Sound files: WAV of every usual kind by a reader of our own, FLAC, Ogg, AIFF and others by libsndfile.

WAV is read here because programs that write to a pipe leave its sizes at zero or at their largest value, which other readers
take for silence, and because nothing is allocated before it is known to be there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.data import door
from lab.errors import FileError
from lab.units import number as printed

MAX_BYTES = 400 << 20
MAX_SAMPLES = 20_000_000  # in each channel: 7.5 minutes at 44.1 kHz
_WAVE = (b"RIFF", b"RF64", b"RIFX")
_OTHERS = (b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"riff")
PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE


@dataclass(frozen=True)
class Sound:
    """Samples (n, channels) of -1..1 at `rate` per second; `form` says how they were stored; `cut` that the file ends early."""

    samples: np.ndarray
    rate: float
    form: str
    cut: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def is_sound(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a sound."""
    return (start[:4] in _WAVE and start[8:12] == b"WAVE") or (
        start[:4] in _OTHERS and (start[:4] != b"FORM" or start[8:12] in (b"AIFF", b"AIFC"))
    )


def read(path: Path) -> Sound:
    """The sound in a file; a wrong one is explained."""
    start = door.read_start(path, 12, what="a sound")
    if start[:4] in _OTHERS:
        found = _by_library(path)
    else:
        found = _wave(door.read_bytes(path, limit=MAX_BYTES, what="a sound"), path)
    if len(found.samples) > MAX_SAMPLES:
        raise FileError(f"The sound file {path} holds more than {printed(MAX_SAMPLES)} samples: cut it first.")
    return found


def _wave(raw: bytes, path: Path) -> Sound:
    """WAV with whole numbers of 8, 16, 24 or 32 bits, floats of 32 or 64, A-law or mu-law, plain or extensible."""
    if raw[:4] not in _WAVE or raw[8:12] != b"WAVE":
        raise FileError(f"The sound file {path} cannot be read as WAV: it does not begin as one.")
    order = ">" if raw[:4] == b"RIFX" else "<"
    at, form, data = 12, None, None
    long = None  # RF64 keeps the true size of its data in a chunk of its own
    while at + 8 <= len(raw):
        name, size = raw[at : at + 4], struct.unpack(f"{order}I", raw[at + 4 : at + 8])[0]
        body = at + 8
        if name == b"ds64" and body + 16 <= len(raw):
            long = struct.unpack("<Q", raw[body + 8 : body + 16])[0]
        elif name == b"fmt ":
            form = raw[body : body + min(size, 64)]
        elif name == b"data":
            if size == 0xFFFFFFFF and long is not None:
                size = long
            # Sizes that were never filled in: everything to the end of the file is sound.
            streamed = size in (0, 0xFFFFFFFF, 0x7FFFFFFF) or size > 0xFFFFF000
            data = (body, len(raw) - body if streamed else min(size, len(raw) - body), not streamed and size > len(raw) - body)
            if form is not None:
                break
        at = body + size + (size & 1)
    if form is None or len(form) < 16 or data is None:
        raise FileError(
            f"The sound file {path} cannot be read as WAV: its {'format' if form is None or len(form) < 16 else 'sound'} is missing, the file is damaged."
        )
    kind, channels, rate, _, block, bits = struct.unpack(f"{order}HHIIHH", form[:16])
    extensible = kind == EXTENSIBLE
    if extensible and len(form) >= 26:
        kind = struct.unpack(f"{order}H", form[24:26])[0]
    if not 1 <= channels <= 64 or not 1 <= rate <= 10_000_000:
        raise FileError(f"The sound file {path} says it has {channels} channels of {rate} samples a second: it is damaged.")
    width = -(-bits // 8)
    if block and block % channels == 0 and block // channels > width:
        width = block // channels
    begin, size, cut = data
    step = width * channels
    if not step:
        raise FileError(f"The sound file {path} has samples of {bits} bits: 8, 16, 24, 32 and 64 are read.")
    if size // step > MAX_SAMPLES:
        raise FileError(f"The sound file {path} holds more than {printed(MAX_SAMPLES)} samples: cut it first.")
    values = _samples(raw[begin : begin + size // step * step], kind, width, order, path)
    words = {PCM: f"{bits} bit", FLOAT: f"{bits} bit float", A_LAW: "A-law", MU_LAW: "mu-law"}[kind]
    return Sound(values.reshape(-1, channels), float(rate), f"WAV, {words}" + (", extensible" if extensible else ""), cut)


def _samples(raw: bytes, kind: int, width: int, order: str, path: Path) -> np.ndarray:
    if kind == FLOAT and width in (4, 8):
        with np.errstate(invalid="ignore"):  # what is no number is refused with its place
            return np.frombuffer(raw, f"{order}f{width}").astype(float)
    if kind in (A_LAW, MU_LAW) and width == 1:
        return _companded(np.frombuffer(raw, np.uint8), kind)
    if kind == PCM and width == 1:
        return (np.frombuffer(raw, np.uint8).astype(float) - 128) / 128
    if kind == PCM and width == 3:
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3)[:, :: -1 if order == ">" else 1].astype(np.int32)
        return ((parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16) ^ 0x800000) / 0x800000 - 1.0
    if kind == PCM and width in (2, 4):
        return np.frombuffer(raw, f"{order}i{width}").astype(float) / float(1 << (8 * width - 1))
    if kind in (PCM, FLOAT):
        raise FileError(
            f"The sound file {path} has samples of {8 * width} bits: whole numbers of 8, 16, 24 and 32 bits and floats of 32 and 64 are read."
        )
    raise FileError(f"The sound file {path} is packed by method {kind}: save it as plain WAV, FLAC or Ogg.")


def _companded(codes: np.ndarray, kind: int) -> np.ndarray:
    """The telephone's 8 bits as 16 (ITU-T G.711)."""
    if kind == MU_LAW:
        code = ~codes
        size = (((code & 15).astype(np.int32) << 3) + 132 << ((code >> 4) & 7)) - 132
        return np.where(code & 128, -size, size) / 32768.0
    code = codes ^ 0x55
    exponent, size = (code >> 4) & 7, ((code & 15).astype(np.int32) << 4) + 8
    size = np.where(exponent > 0, (size + 256) << np.maximum(exponent.astype(np.int32) - 1, 0), size)
    return np.where(code & 128, size, -size) / 32768.0


def _by_library(path: Path) -> Sound:
    """FLAC, Ogg, AIFF, CAF, W64 and Sun sounds."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise FileError(
            f"{path} can be read only where the library soundfile is installed ({str(error)[:80]}): save the sound as WAV."
        ) from None
    with door.open_binary(path, limit=MAX_BYTES, what="a sound") as file:
        try:
            with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
                if sound.frames > MAX_SAMPLES or not 1 <= sound.channels <= 64:
                    raise FileError(f"The sound file {path} holds more than {printed(MAX_SAMPLES)} samples: cut it first.")
                samples = sound.read(frames=max(0, sound.frames), dtype="float64", always_2d=True)
                return Sound(samples, float(sound.samplerate), f"{sound.format_info}, {sound.subtype_info}", len(samples) < sound.frames)
        except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise FileError(f"The sound file {path} cannot be read ({str(error)[:80]}): it is damaged or of another kind.") from None
