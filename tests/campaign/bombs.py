"""Hostile files of every kind that the program reads: sizes that lie, bombs, pipes, devices, links, odd names, deep nesting."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9))
    + ']><graphml><graph edgedefault="directed"><node id="&j;"/></graph></graphml>'
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><graph edgedefault="directed"><node id="&x;"/></graph></graphml>'


def zeros(target, megabytes: int) -> None:
    """Write so many MB of zeros."""
    for _ in range(megabytes):
        target.write(bytes(1 << 20))


def npy_header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """The beginning of an .npy file with any header."""
    body = text.encode("latin1") + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", len(body)) + body


def wav(channels=1, rate=8000, bits=16, size=None, data=b"\0\0" * 1000, tag=1, riff=None) -> bytes:
    """A WAV file with any numbers in its header."""
    head = struct.pack("<HHIIHH", tag, channels, rate & 0xFFFFFFFF, 0, 0, bits)
    parts = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(parts) if riff is None else riff) + b"WAVE" + parts


def png(width: int, height: int, raw: bytes) -> bytes:
    """A PNG of any size with any data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", raw)
        + chunk(b"IEND", b"")
    )


def contents() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of small hostile files."""
    yield "entities.graphml", ENTITIES.encode()
    yield "outside.graphml", OUTSIDE.encode()
    yield "nested.graphml", b"<graphml>" + b"<graph>" * 200_000
    yield "values.graphml", (
        b'<graphml><key id="k" for="node" attr.name="values" attr.type="string"/><graph edgedefault="directed"><node id="a">'
        b'<data key="k">{not json</data></node></graph></graphml>'
    )  # fmt: skip
    yield "many.gml", b"graph [" + b" node [ id 1 ]" * 100_000
    yield "deep.gml", b"graph [" * 100_000
    yield "deep.json", b"[" * 1_000_000
    yield "deep-object.json", b'{"a":' * 300_000
    yield "digits.json", b'{"nodes": [' + b"9" * 100_000 + b"]}"
    yield "nan.json", b'{"nodes": [NaN, Infinity, 1e999], "edges": [[0, 1]]}'
    yield "deep.toml", b"a = " + b"[" * 100_000
    yield "digits.toml", b"seed = " + b"9" * 6000
    yield "dotted.toml", b".".join([b"a"] * 50_000) + b" = 1"
    yield "wide-field.csv", b"a,b\n1," + b"x" * 8_000_000 + b"\n"
    yield "quote.csv", b'a,b\n"' + b"1,2\n" * 300_000
    yield "columns.csv", b",".join(b"c%d" % k for k in range(200_000)) + b"\n" + b",".join([b"1"] * 200_000) + b"\n"
    yield "nul.csv", b"a,b\n1,\0\n\0\0\0,2\n" * 100
    yield "binary.csv", bytes(range(256)) * 2000
    yield "ragged.csv", b"".join(b"1," * (k % 500) + b"\n" for k in range(2000))
    yield "empty.csv", b""
    yield "mark.csv", b"\xef\xbb\xbf"
    yield "utf16.csv", b"\xff\xfe\0"
    yield "classes.csv", b"x,label\n" + b"".join(b"%d,c%d\n" % (k, k) for k in range(20_000))
    yield "huge-numbers.csv", b"a,b\n" + b"1e999,-1e999\n9" + b"9" * 5000 + b",1\n" + b"1,2\n" * 30
    yield "fields.tsv", b"\t" * 3_000_000
    yield "one-line.txt", b"word " * 2_000_000
    yield "vectors.txt", b"99999999999 99999999999\nword 1 2 3\n"
    yield "negative.txt", b"-5 -5\nword 1 2 3\n"
    yield "vectors.bin", b"4000000000 4000000000\n" + b"word " + bytes(400)
    yield "vectors.vec", b"2 3\n" + b"a" * 5_000_000 + b" 1 2 3\n"
    for name, header in (
        ("huge", "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
        ("negative", "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 4), }"),
        ("object", "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"),
        ("fields", "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (3,), }"),
        ("code", "__import__('os').system('touch it-ran')"),
        ("nested", "(" * 20_000),
        ("axes", "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1," * 70 + "), }"),
        ("text", "{'descr': '<U1000000000', 'fortran_order': False, 'shape': (1,), }"),
        ("none", "{}"),
    ):
        yield f"{name}.npy", npy_header(header) + bytes(64)
    yield "version.npy", b"\x93NUMPY\x09\x09" + bytes(100)
    yield "long-header.npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + bytes(100)
    for name, options in {
        "size": dict(size=2**32 - 1), "none": dict(channels=0), "many": dict(channels=65535), "bits": dict(bits=0), "odd-bits": dict(bits=77), "rate": dict(rate=0),
        "fast": dict(rate=2**32 - 1), "tag": dict(tag=0xFFFE), "format": dict(tag=85), "riff": dict(riff=0), "empty": dict(data=b""), "short": dict(size=10**9),
    }.items():  # fmt: skip
        yield f"{name}.wav", wav(**options)
    yield "head.wav", b"RIFF\xff\xff\xff\xffWAVE"
    yield "chunks.wav", b"RIFF\xff\xff\xff\xffWAVE" + b"junk\0\0\0\0" * 500_000
    yield "small.flac", b"fLaC" + bytes(200)
    yield "small.ogg", b"OggS" + bytes(200)
    yield "aiff.aiff", b"FORM\xff\xff\xff\xffAIFF" + bytes(100)
    yield "bomb.png", png(60_000, 60_000, zlib.compress(bytes(1000)))
    yield "larger.png", png(2**31 - 1, 2**31 - 1, b"x")
    yield "unpacks.png", png(30_000, 30_000, zlib.compress(bytes(60_000_000), 9))
    yield "cut.png", png(100, 100, b"")[:40]
    yield "bomb.gif", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(800)
    yield "bomb.bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0)
    yield "tiff.tiff", b"II*\0" + b"\xff" * 200
    for name, length, body in (
        ("length", 2**63, b"{}"), ("long", 100_000_000, b"{}"), ("deep", 500_000, b'{"a":' * 100_000), ("infinite", 60, b'{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}'),
        ("outside", 70, b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,99999999]}}'), ("list", 2, b"[]"),
        ("negative", 70, b'{"a":{"dtype":"F32","shape":[-4],"data_offsets":[-16,0]}}'),
    ):  # fmt: skip
        yield f"{name}.safetensors", struct.pack("<Q", length) + body.ljust(min(length, 200), b" ") + bytes(16)
    yield "bomb.csv.gz", gzip.compress(b"1,2,3\n" + bytes(700_000_000), 9)
    yield "bomb.txt.gz", gzip.compress(b"a 1 2 3\n" * 100_000 + b"b" * 600_000_000, 6)
    yield "cut.vec.gz", gzip.compress(b"a 1 2\n" * 1000)[:40]
    yield "twice.csv.gz", gzip.compress(gzip.compress(bytes(200_000_000), 9), 9)
    yield "packed.csv.bz2", bz2.compress(bytes(5_000_000))
    for suffix in ("lab", "toml", "csv", "npz", "graphml", "json", "wav", "png", "py", "md", ""):
        yield f"noise.{suffix}" if suffix else "noise", os.urandom(20_000)
        yield f"nothing.{suffix}" if suffix else "nothing-at-all", b""
    yield "header.lab", b"SQLite format 3\0" + bytes(4096)
    yield "zip.lab", b"PK\x03\x04" + bytes(300)
    yield "long-line.toml", b'model = "' + b"m" * 5_000_000 + b'"'
    yield "model-path.toml", b'model = "/dev/zero.py"\nsteps = 3\n'
    yield "model-name.toml", b'model = "../../etc/passwd\\u0000"\nsteps = 3\n'
    yield "steps.toml", b'model = "hodgkin-huxley"\nsteps = 9223372036854775807\n'
    yield "cells.toml", b'model = "hodgkin-huxley"\nsteps = 5\n[parameters]\ncells = 1000000000\n'
    yield "file.toml", b'model = "hodgkin-huxley"\nsteps = 5\n[parameters]\nstimulus = "file"\nfile = "/dev/zero"\n'


def make(folder: Path) -> list[Path]:
    """Write all hostile files, bombs, pipes, links and odd names; returns their paths."""
    made = []
    for name, data in contents():
        path = folder / name
        path.write_bytes(data)
        made.append(path)
    for name, inner, megabytes in (("bomb.npz", "a.npy", 900), ("bomb.zip", "table.csv", 900)):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(inner, "w", force_zip64=True) as file:
            if inner.endswith(".npy"):
                file.write(npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (117964800,), }"))
            zeros(file, megabytes)
        made.append(folder / name)
    with zipfile.ZipFile(folder / "many.npz", "w") as archive:
        for k in range(3000):
            archive.writestr(f"a{k}.npy", npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }") + bytes(8))
    with zipfile.ZipFile(folder / "up.npz", "w") as archive:
        room = io.BytesIO()
        np.save(room, np.zeros(3))
        archive.writestr("../../up.npy", room.getvalue())
    (folder / "hole.csv").touch()
    os.truncate(folder / "hole.csv", 3_000_000_000)
    made += [folder / "many.npz", folder / "up.npz", folder / "hole.csv"]
    for suffix in ("lab", "toml", "csv", "npz", "npy", "graphml", "wav", "png", "txt", "vec", "json", "py", "safetensors"):
        os.mkfifo(folder / f"pipe.{suffix}")
        (folder / f"zero.{suffix}").symlink_to("/dev/zero")
        (folder / f"loop.{suffix}").symlink_to(f"loop.{suffix}")
        (folder / f"folder.{suffix}").mkdir()
        made += [folder / f"{kind}.{suffix}" for kind in ("pipe", "zero", "loop", "folder", "missing")]
    for name in (
        "line\nbreak.csv",
        "bell\a.csv",
        "escape\x1b[31m.csv",
        "quote'\".csv",
        "-option.csv",
        " .csv",
        "ü\u202e.csv",
        "x" * 240 + ".csv",
    ):
        (folder / name).write_bytes(b"x,y\n" + b"1,2\n3,4\n" * 20)
        made.append(folder / name)
    (folder / "passwords.csv").symlink_to("/etc/passwd")
    made.append(folder / "passwords.csv")
    return made
