"""Recordings that drive a cell: tables as programs write them, arrays, and sounds of every usual kind."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from lab.data import arrays, signals, sounds
from lab.errors import FileError

T = np.round(np.arange(1000) * 0.1, 1)
I = np.where((T >= 10) & (T < 60), 2.5, 0.0)


def put(tmp_path, content: str | bytes, name: str = "a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(separator: str = ",", decimal: str = ".", head: str = "", width: int = 0) -> str:
    return head + "".join(
        separator.join(f"{v:.2f}".replace(".", decimal).rjust(width) for v in pair) + "\n" for pair in zip(T, I, strict=True)
    )


def savetxt(**options) -> str:
    out = io.StringIO()
    np.savetxt(out, np.column_stack([T, I]), **options)
    return out.getvalue()


WAYS = {
    "np.savetxt": savetxt(),
    "np.savetxt with a heading": savetxt(fmt="%.4f", header="time(ms) current(nA)"),
    "np.savetxt by tabs": savetxt(delimiter="\t"),
    "aligned": lines(" ", width=12),
    "a comment with a semicolon": lines(head="# slice 3; holding -70 mV; bridge balanced\n"),
    "two title rows": lines(head="Time,Current\nms,nA\n"),
    "titles of a recorder": lines("\t", head="Recorded with X 2.1\nChannel: 1; gain 20\n\nTime\tI\n"),
    "decimal commas": lines(";", ",", "Zeit;Strom\n"),
    "decimal commas by tabs": lines("\t", ",", "Zeit\tStrom\n"),
    "trailing separators": lines().replace("\n", ",\n"),
    "UTF-16": lines("\t", head="Time\tCurrent\n").encode("utf-16"),
    "lines of Windows": lines().replace("\n", "\r\n"),
    "percent comments": "% made by a program\n" + lines(" "),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_recording_is_read_in_whatever_way_it_is_written(tmp_path, way):
    found = signals.read(put(tmp_path, WAYS[way]))
    np.testing.assert_allclose(found.times, T)
    np.testing.assert_allclose(found.values, I)
    assert "1000 samples" in found.said


def test_the_unit_of_time_is_that_of_the_heading(tmp_path):
    for head in ("time (s),I\n", "t [s],I\n", "time,I\ns,nA\n"):
        assert signals.read(put(tmp_path, head + "0,1\n0.5,2\n")).times.tolist() == [0, 500]
    assert signals.read(put(tmp_path, "time (s),I\n0,1\n0.5,2\n"), time_unit="ms").times.tolist() == [0, 0.5]
    assert signals.read(put(tmp_path, "time,I\n0,1\n500,2\n"), time_unit="us").times.tolist() == [0, 0.5]


def test_equal_times_are_a_jump(tmp_path):
    from lab.cells import stimulus

    found = signals.read(put(tmp_path, "0,0\n10,0\n10,2.5\n60,2.5\n60,0\n100,0\n"))
    assert "2 jumps at equal times" in found.said
    at = [
        stimulus.interpolate(t, found.times, found.values, found.start, found.interval, 0)
        for t in (5.0, 9.999, 10.0, 59.9, 60.0, 80.0, 200.0)
    ]
    assert at == [0, 0, 2.5, 2.5, 0, 0, 0]


def test_arrays_in_either_order(tmp_path):
    for name, array in (
        ("a", np.column_stack([T, I])),
        ("b", np.stack([T, I])),
        ("c", np.asfortranarray(np.column_stack([T, I])).astype(">f8")),
    ):
        np.save(tmp_path / f"{name}.npy", array)
        found = signals.read(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(found.values, I)
        np.testing.assert_allclose(found.times, T)


def test_what_an_array_says_of_itself_is_checked_before_anything_is_allocated(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(10))
    raw = (tmp_path / "a.npy").read_bytes()
    for damaged in (
        raw[:-1],
        raw.replace(b"(10,)", b"(9999999999999,)", 1)[: len(raw)],
        raw[:9],
        raw[:40],
        b"\x93NUMPY\x09\x00" + raw[8:],
        raw.replace(b"'<f8'", b"'|O8'"),
        raw.replace(b"'shape': (10,), }", b"'shape': (10,), ("),
        raw.replace(b"}", b"\0"),
    ):
        with pytest.raises(FileError):
            arrays.read_npy(put(tmp_path, damaged, "b.npy"))


# -- sounds --

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(1600) / 8000)


def wav(
    kind: int, bits: int, *, channels: int = 1, extensible: bool = False, size: int | None = None, extra: bytes = b"", order: str = "<"
) -> bytes:
    if kind == 3:
        body = TONE.repeat(channels).astype(f"{order}f{bits // 8}").tobytes()
    elif bits == 8:
        body = np.round(TONE.repeat(channels) * 128 + 128).astype(np.uint8).tobytes()
    else:
        whole = np.round(TONE.repeat(channels) * 2 ** (bits - 1)).astype(np.int64)
        body = b"".join(int(v).to_bytes(bits // 8, "little" if order == "<" else "big", signed=True) for v in whole)
    step = channels * bits // 8
    form = struct.pack(f"{order}HHIIHH", 0xFFFE if extensible else kind, channels, 8000, 8000 * step, step, bits)
    if extensible:
        form += struct.pack(f"{order}HHI", 22, bits, 4) + struct.pack(f"{order}H", kind) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    chunks = (
        b"fmt "
        + struct.pack(f"{order}I", len(form))
        + form
        + extra
        + b"data"
        + struct.pack(f"{order}I", len(body) if size is None else size)
        + body
    )
    return (b"RIFF" if order == "<" else b"RIFX") + struct.pack(f"{order}I", 4 + len(chunks)) + b"WAVE" + chunks


KINDS = {
    "8 bit": (wav(1, 8), 1e-2), "16 bit": (wav(1, 16), 1e-4), "24 bit": (wav(1, 24), 1e-6), "32 bit": (wav(1, 32), 1e-8), "float": (wav(3, 32), 1e-7),
    "double": (wav(3, 64), 1e-15), "extensible 24 bit": (wav(1, 24, extensible=True), 1e-6), "extensible float": (wav(3, 32, extensible=True), 1e-7),
    "streamed, size 0": (wav(1, 16, size=0), 1e-4), "streamed, largest size": (wav(1, 16, size=0xFFFFFFFF), 1e-4), "streamed by another": (wav(1, 16, size=0x7FFFFFFF), 1e-4),
    "with notes before": (wav(1, 16, extra=b"LIST\x05\0\0\0abcde\0"), 1e-4), "the big end first": (wav(1, 16, order=">"), 1e-4),
    "RF64": (b"RF64\xff\xff\xff\xff" + wav(1, 16, size=0xFFFFFFFF)[8:12] + b"ds64" + struct.pack("<IQQQI", 28, 9999, 3200, 1600, 0) + wav(1, 16, size=0xFFFFFFFF)[12:], 1e-4),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_sounds_of_every_usual_kind(tmp_path, kind):
    raw, error = KINDS[kind]
    found = signals.read(put(tmp_path, raw, "a.wav"))
    assert found.interval == 0.125
    np.testing.assert_allclose(found.values, TONE, atol=error)
    assert "1600 samples at 8000 Hz (0.2 s; WAV" in found.said


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "ALAW"),
        ("WAV", "ULAW"),
        ("FLAC", "PCM_16"),
        ("AIFF", "PCM_24"),
        ("OGG", "VORBIS"),
        ("WAVEX", "FLOAT"),
        ("W64", "PCM_16"),
        ("CAF", "DOUBLE"),
    ],
)
def test_sounds_that_another_program_wrote(tmp_path, form, subtype):
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / f"a.{'wav' if form.startswith('WAV') else form.lower()}"
    soundfile.write(path, TONE, 8000, format=form, subtype=subtype)
    wanted = soundfile.read(path)[0]
    np.testing.assert_allclose(signals.read(path).values, wanted, atol=1e-4 if subtype == "VORBIS" else 1e-12)


def test_a_sound_that_was_cut_short_says_so_and_gives_what_is_there(tmp_path):
    found = signals.read(put(tmp_path, wav(1, 16)[:-1000], "a.wav"))
    assert len(found.values) == 1100 and "ends before the sound does" in found.said


def test_damaged_sounds_are_one_sentence(tmp_path):
    raw = wav(1, 16, extensible=True)
    rng = np.random.default_rng(1)
    for k in range(300):
        damaged = bytearray(raw[: rng.integers(1, len(raw))] if k % 3 == 0 else raw)
        for _ in range(4):
            damaged[rng.integers(0, min(len(damaged), 80))] = rng.integers(0, 256)
        try:
            sounds.read(put(tmp_path, bytes(damaged), "a.wav"))
        except FileError:
            pass
    for content, said in (
        (wav(85, 16), "packed by method 85"),
        (b"RIFF\0\0\0\0WAVE", "format is missing"),
        (b"fLaC" + b"\0" * 50, "cannot be read|only where"),
    ):
        with pytest.raises(FileError, match=said):
            signals.read(put(tmp_path, content, "a.wav"))


def test_named_arrays_are_a_recording(tmp_path):
    from lab.data.recognise import look

    np.savez(tmp_path / "one.npz", current=I)
    assert look(tmp_path / "one.npz").kind == "recording" and "samples per second" in look(tmp_path / "one.npz").problem
    assert signals.read(tmp_path / "one.npz", sample_rate=10_000.0).interval == pytest.approx(0.1)
    np.savez(tmp_path / "two.npz", current=I, time=T)
    found = look(tmp_path / "two.npz")
    assert not found.problem and "samples of 'current' from 0 to 2.5, from 0 to 99.9 ms by 'time' in ms" in found.said
    np.testing.assert_array_equal(found.content.values, I)
    np.savez(tmp_path / "neither.npz", current=I, voltage=I)
    with pytest.raises(FileError, match="does not say how fast"):
        signals.read(tmp_path / "neither.npz")
