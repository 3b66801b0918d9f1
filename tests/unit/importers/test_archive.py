"""Archives as departments deliver them, and as nobody should."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import random
import re
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers.archive import HEAD_BYTES, ArchiveLimits, Kind, is_archive, open_archive, unpack
from importers.archive.names import Places, decode_names
from importers.faults import Fault, Finding, Rejected
from importers.sandbox import Limits, Workers
from importers.source import Dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS = ArchiveLimits(free_bytes=1 << 20, entries=100)
TUYEN = "Tuyến ống cấp nước.shp"
HO_GA = "Hố ga thoát nước.shp"


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tar_of(files: Mapping[str, bytes], mode: str = "w", **links: tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in links.values():
            archive.addfile(member)
    return packed.getvalue()


def unpacked(tmp_path: Path, name: str, content: bytes, limits: ArchiveLimits = LIMITS) -> dict[str, Any]:
    """Delivered name -> content, or the finding; nothing else may lie in the folder or beside it."""
    path, into = tmp_path / name, tmp_path / "into"
    path.write_bytes(content)
    files = open_archive(path, into, limits)
    found = {shown: f.read_bytes() if isinstance(f, Path) else f for shown, f in files}
    assert len(found) == len(files)
    there = {p for p in tmp_path.rglob("*") if p.is_file() or p.is_symlink()}
    assert there == {path} | {f for _, f in files if isinstance(f, Path)}
    assert all(f.is_relative_to(into) for _, f in files if isinstance(f, Path))
    return found


def refused(tmp_path: Path, name: str, content: bytes, limits: ArchiveLimits = LIMITS) -> Finding:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Rejected) as caught:
        open_archive(path, tmp_path / "into", limits)
    assert list(tmp_path.iterdir()) == [path]
    assert caught.value.finding.remedy
    return caught.value.finding


FILES = {"folder/pipes.shp": b"shp", "folder/pipes.dbf": b"dbf", "city.gdb/a1.gdbtable": b"table"}
WHOLE = {
    "d.zip": zip_of(FILES),
    "stored.zip": zip_of(FILES, zipfile.ZIP_STORED),
    "bzip2.zip": zip_of(FILES, zipfile.ZIP_BZIP2),
    "d.tar": tar_of(FILES),
    "d.tar.gz": tar_of(FILES, "w:gz"),
    "d.tgz": tar_of(FILES, "w:gz"),
    "d.tar.bz2": tar_of(FILES, "w:bz2"),
    "d.tar.xz": tar_of(FILES, "w:xz"),
    "misnamed.dat": tar_of(FILES, "w:gz"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_archive(tmp_path, name):
    """Every kind brings its files, named as delivered, with their folders."""
    assert unpacked(tmp_path, name, WHOLE[name]) == {f"{name}/{inner}": content for inner, content in FILES.items()}
    assert (tmp_path / "into" / "folder" / "pipes.dbf").read_bytes() == b"dbf"


@pytest.mark.parametrize(
    ("name", "content", "inner"),
    [
        ("pipes.geojson.gz", gzip.compress(b"{}", mtime=0) + gzip.compress(b"[]", mtime=0), "pipes.geojson"),
        ("pipes.geojson.bz2", bz2.compress(b"{}[]"), "pipes.geojson"),
        ("pipes.geojson.xz", lzma.compress(b"{}[]"), "pipes.geojson"),
        ("pipes", gzip.compress(b"{}[]", mtime=0), "pipes"),
    ],
)
def test_single_packed_file(tmp_path, name, content, inner):
    """A packed file is a folder with the one file, without the packer's suffix."""
    assert unpacked(tmp_path, name, content) == {f"{name}/{inner}": b"{}[]"}


def test_archives_within_archives(tmp_path):
    """An archive in an archive is a folder in a folder; one that cannot be read stops no other."""
    inner = {"in.zip": zip_of({"a/pipes.csv": b"csv"}), "b.tar.gz": WHOLE["d.tar.gz"], "broken.zip": b"PK\3\4 broken"}
    found = unpacked(tmp_path, "d.zip", zip_of({"x/" + name: content for name, content in inner.items()}))
    broken = found.pop("d.zip/x/broken.zip")
    assert broken.fault is Fault.UNREADABLE
    assert found == {
        "d.zip/x/in.zip/a/pipes.csv": b"csv",
        **{f"d.zip/x/b.tar.gz/{name}": content for name, content in FILES.items()},
    }


def kind_of(name: str, content: bytes) -> Kind | None:
    return is_archive(content[:HEAD_BYTES], name)


def test_documents_and_geodatabases_are_no_archives():
    """XLSX, ODS, KMZ and .gdb.zip stay whole, known by their first entry where the name says nothing."""
    workbook = {"[Content_Types].xml": b"", "xl/workbook.xml": b""}
    for first in ("[Content_Types].xml", "docProps/app.xml", "_rels/.rels", "xl/worksheets/sheet1.xml"):
        assert kind_of("misnamed.zip", zip_of({first: b"", **workbook})) is None
    ods = zip_of({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, zipfile.ZIP_STORED)
    assert kind_of("misnamed.zip", ods) is None
    assert kind_of("places.KMZ", zip_of({"doc.kml": b"<kml/>"})) is None
    geodatabase = zip_of({"city.gdb/": b"", "city.gdb/a1.gdbtable": b""})
    assert kind_of("city.gdb.zip", geodatabase) is None
    assert kind_of("delivery.zip", geodatabase) is Kind.ZIP
    assert kind_of("city.gdb.zip", zip_of({"pipes.shp": b""})) is Kind.ZIP
    assert kind_of("mimetypes.zip", zip_of({"mimetypes.csv": b""})) is Kind.ZIP


@pytest.mark.shared_data
def test_real_geodatabase_is_no_archive(shared):
    """The public .gdb.zip is left to its reader."""
    path = shared / "parcels" / "testopenfilegdb.gdb.zip"
    assert kind_of(path.name, path.read_bytes()) is None
    assert kind_of("delivery.zip", path.read_bytes()) is Kind.ZIP


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("d.7z", b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        ("d.zip", b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive"),
        ("d.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        ("d.rar", b"Rar!\x1a\x07\0", "a RAR archive"),
        ("d.cab", b"MSCF\0\0\0\0", "a CAB archive"),
        ("d.csv.zst", b"\x28\xb5\x2f\xfd", "a file packed by zstd"),
        ("d.zip.001", WHOLE["d.zip"], "one part of an archive in several parts"),
        ("d.z01", WHOLE["d.zip"], "one part of an archive in several parts"),
        ("d.part2.rar", b"Rar!\x1a\x07\0", "one part of an archive in several parts"),
        ("d.tar.gz.02", b"anything", "one part of an archive in several parts"),
        ("d.zip", b"PK\x07\x08" + WHOLE["d.zip"], "one part of an archive in several parts"),
    ],
)
def test_other_archives_are_refused_with_advice(tmp_path, name, content, said):
    """7z, RAR and split archives are known by content and told how to come instead."""
    finding = refused(tmp_path, name, content)
    assert (finding.fault, finding.message) == (Fault.UNKNOWN_FORMAT, f"{name} is {said}, which is not read")
    assert "ordinary ZIP" in finding.remedy


@pytest.mark.parametrize("name", ["pipes.shp", "chart.000", "a.r1", "points.csv", "empty", "d.tar"])
def test_other_files_are_no_archives(name):
    """Geodata, S-57 updates and empty files are left alone."""
    assert kind_of(name, b"") is None
    if name != "d.tar":
        assert kind_of(name, b"\0\0\x27\x0a" + bytes(600)) is None


def encrypt(packed: bytes) -> bytes:
    """Sets the flag in the local and the central header of the one entry."""
    local, central = bytearray(packed), packed.index(b"PK\1\2")
    local[6] |= 1
    local[central + 8] |= 1
    return bytes(local)


def test_encrypted_zip(tmp_path):
    """No password is asked or guessed."""
    finding = refused(tmp_path, "d.zip", encrypt(zip_of({"pipes.shp": b"shp"})))
    assert finding.message == "d.zip is encrypted"
    assert "without a password" in finding.remedy


@pytest.mark.parametrize("name", [n for n in WHOLE if n != "misnamed.dat"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_truncated_archive(tmp_path, name, share):
    """An archive that ends early is refused whole, however much of it could be read."""
    content = WHOLE[name]
    cut = int(share * len(content))
    if name == "d.tar":
        cut = min(cut, len(content.rstrip(b"\0")))  # a TAR may end with more empty blocks than it needs
    finding = refused(tmp_path, name, content[:cut])
    assert finding.fault in (Fault.TRUNCATED, Fault.UNREADABLE)


def test_tar_cut_between_members(tmp_path):
    """Python's tarfile takes a TAR that ends between two members for whole; we do not."""
    content = tar_of(FILES)
    assert refused(tmp_path, "d.tar", content[: 2 * 1024]).fault is Fault.TRUNCATED


def test_damaged_content_is_refused(tmp_path):
    """A wrong checksum is no delivery."""
    content = bytearray(zip_of({"pipes.csv": bytes(range(256))}, zipfile.ZIP_STORED))
    content[60] ^= 1
    (tmp_path / "zip").mkdir()
    assert "Bad CRC-32" in refused(tmp_path / "zip", "d.zip", bytes(content)).message
    packed = bytearray(gzip.compress(bytes(range(256)) * 9))
    packed[-6] ^= 1
    (tmp_path / "gz").mkdir()
    assert "CRC check failed" in refused(tmp_path / "gz", "d.gz", bytes(packed)).message


HARMFUL = ["../../up.csv", "/etc/root.csv", "C:\\Windows\\drive.csv", "..\\..\\back.csv", "a/./../b//c.csv", "..", "/"]


def test_names_that_lead_elsewhere_stay_within(tmp_path):
    """Steps upwards are put aside; roots, drives and backslashes end below the folder; the report has the names."""
    for packed in (
        zip_of({name: name.encode() for name in HARMFUL}),
        tar_of({name: name.encode() for name in HARMFUL}),
    ):
        folder = tmp_path / str(zlib.crc32(packed))
        folder.mkdir()
        found = unpacked(folder, "d.zip", packed)
        for climbing in ("../../up.csv", "..\\..\\back.csv", ".."):
            assert "outside the archive's own folder" in found[f"d.zip/{climbing}"].message
        assert {path.name for path in (folder / "into").rglob("*.csv")} == {"root.csv", "drive.csv", "c.csv"}
        assert (folder / "into" / "Windows" / "drive.csv").is_file()
        assert (folder / "into" / "a" / "b" / "c.csv").is_file()
        assert len(found) >= len(HARMFUL) - 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_same_names_become_different_files(tmp_path):
    """A second pipes.shp with its second pipes.dbf stand together, and a file may be called as a folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("pipes.shp", "pipes.dbf", "pipes.shp", "pipes.dbf", "x", "x/y", "z/y", "z"):
            archive.writestr(name, b"")
    path = tmp_path / "d.zip"
    path.write_bytes(packed.getvalue())
    files = open_archive(path, tmp_path / "into", LIMITS)
    assert [found.relative_to(tmp_path / "into").as_posix() for _, found in files] == [
        "pipes.shp", "pipes.dbf", "pipes (2).shp", "pipes (2).dbf", "x", "x_/y", "z/y", "z (2)"]  # fmt: skip
    assert [shown for shown, _ in files] == [
        "d.zip/pipes.shp", "d.zip/pipes.dbf", "d.zip/pipes (2).shp", "d.zip/pipes (2).dbf",
        "d.zip/x", "d.zip/x/y", "d.zip/z/y", "d.zip/z"], "under one name the first was lost in silence"  # fmt: skip


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_links_and_devices_are_left_aside(tmp_path):
    """No link, device or pipe is made, neither from TAR nor from ZIP; the files beside them come."""
    found = unpacked(
        tmp_path,
        "d.tar",
        tar_of(
            {"pipes.csv": b"csv"},
            symbolic=link("out", tarfile.SYMTYPE, "/etc"),
            hard=link("hard", tarfile.LNKTYPE, "/etc/passwd"),
            through=link("out/file", tarfile.SYMTYPE, "x"),
            device=link("null", tarfile.CHRTYPE, ""),
            fifo=link("fifo", tarfile.FIFOTYPE, ""),
        ),
    )
    assert found.pop("d.tar/pipes.csv") == b"csv"
    assert {name: finding.fault for name, finding in found.items()} == {
        f"d.tar/{name}": Fault.UNREADABLE for name in ("out", "hard", "out/file", "null", "fifo")
    }


def test_link_in_a_zip_is_left_aside(tmp_path):
    """Info-ZIP stores a link as a file with its target for content."""
    entry = zipfile.ZipInfo("pipes.shp")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert unpacked(tmp_path, "d.zip", packed.getvalue())["d.zip/pipes.shp"].fault is Fault.UNREADABLE


def zip_with_names(*names: bytes) -> bytes:
    """A ZIP whose names are bytes without the UTF-8 flag, as Explorer and old packers write them."""
    stand_ins = [f"{number:0{len(name)}d}" for number, name in enumerate(names)]
    packed = zip_of(dict.fromkeys(stand_ins, b"x"))
    for stand_in, name in zip(stand_ins, names, strict=True):
        packed = packed.replace(stand_in.encode(), name)
    return packed


def as_windows_1258(text: str) -> bytes:
    """The code page has letters such as ê, and tones as marks after them."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", re.sub("([\u0300\u0301\u0303\u0309\u0323])", "\x01\\1", apart)).replace(
        "\x01", "").encode("cp1258")  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        ([TUYEN.encode(), HO_GA.encode()], [TUYEN, HO_GA]),
        ([as_windows_1258(TUYEN)], [TUYEN]),
        ([b"Tuy\xd5n \xe8ng c\xcap n\xad\xedc.shp", b"H\xe8 ga tho\xb8t n\xad\xedc.shp"], [TUYEN, HO_GA]),
        (["Straße.shp".encode("cp437")], ["Straße.shp"]),
        ([b"\xff\xfe\xff.shp"], [b"\xff\xfe\xff.shp".decode("cp437")]),
    ],
    ids=["utf-8", "windows-1258", "tcvn3", "cp437", "unknown"],
)
def test_names_in_any_encoding(tmp_path, raw, texts):
    """Names without a declared encoding are decided by legal Vietnamese words; otherwise they are cp437."""
    assert list(unpacked(tmp_path, "d.zip", zip_with_names(*raw))) == [f"d.zip/{text}" for text in texts]
    assert decode_names(raw) == texts


def test_names_of_a_tar_in_any_encoding(tmp_path):
    """Names in a TAR have no declared encoding either."""
    packed = tar_of({"0" * 20: b"x"}).replace(b"0" * 20, b"H\xe8 ga tho\xb8t n\xad\xedc\0\0")
    block = bytearray(packed)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    assert list(unpacked(tmp_path, "d.tar", bytes(block))) == ["d.tar/Hố ga thoát nước"]


def test_flagged_and_tar_names_are_unicode(tmp_path):
    """What is declared as UTF-8 is taken as such, and comes in NFC."""
    decomposed = "Ống.csv".replace("Ố", "O\u0302\u0301")
    assert list(unpacked(tmp_path, "d.zip", zip_of({decomposed: b""}))) == ["d.zip/Ống.csv"]
    (tmp_path / "tar").mkdir()
    assert list(unpacked(tmp_path / "tar", "d.tar", tar_of({decomposed: b""}))) == ["d.tar/Ống.csv"]


@given(
    st.lists(st.text(max_size=300) | st.sampled_from(["a", "a/a", "A", "../a", "a" * 300, "ống" * 100]), max_size=12)
)
def test_places_are_below_the_folder_and_unique(names):
    """Whatever the names are: paths differ, lie below the folder, and no component is too long for a file system."""
    places = Places(Path("/into"))
    chosen = [places.choose(name) for name in decode_names(names)]
    assert len(set(chosen)) == len(chosen)
    for path in chosen:
        assert path.is_relative_to("/into")
        assert ".." not in path.parts
        assert all(len(part.encode()) <= 200 and "\0" not in part for part in path.parts)
        assert not any(other.is_relative_to(path) for other in chosen if other != path)


def test_long_names_keep_companions_together():
    """pipes….shp and pipes….dbf are shortened alike, and names that begin alike stay different."""
    places = Places(Path("/into"))
    shp, dbf, other = (places.choose(name) for name in ("ố" * 99 + ".shp", "ố" * 99 + ".dbf", "ố" * 98 + "x.shp"))
    assert shp.stem == dbf.stem != other.stem
    assert (shp.suffix, dbf.suffix) == (".shp", ".dbf")


def bomb(megabytes: int, claimed: int) -> bytes:
    """A ZIP of zeros with a claimed size; deflate's blocks repeat where it was told to forget what was before."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    megabyte = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    packed = megabyte * megabytes + deflate.flush()
    fields = struct.pack("<4H3I2H", 0, 8, 0, 33, 0, len(packed), claimed, 5, 0)
    local = b"PK\3\4\x14\0" + fields + b"zeros" + packed
    central = b"PK\1\2\x14\0\x14\0" + fields + bytes(14) + b"zeros"
    return local + central + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, len(central), len(local), 0)


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    """1 GB of zeros in 1 MB is beyond the ratio by its own claim."""
    finding = refused(tmp_path, "d.zip", bomb(1024, 1 << 30), ArchiveLimits())
    assert finding.message == "d.zip unpacks to more than 8192 MB or 250 times its size"


def test_claims_are_not_believed(tmp_path):
    """A ZIP and a GZ that claim a small size are stopped at the limit, not at the claim."""
    assert refused(tmp_path, "d.zip", bomb(1024, 9)).fault is Fault.UNREADABLE
    (tmp_path / "gz").mkdir()
    claimed = gzip.compress(bytes(2 << 20))[:-4] + struct.pack("<I", 9)
    assert "unpacks to more than" in refused(tmp_path / "gz", "d.gz", claimed).message


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_packed_zeros_are_stopped(tmp_path, pack):
    """Packed streams are counted while they unpack."""
    assert "unpacks to more than" in refused(tmp_path, "d.dat", pack(bytes(2 << 20))).message


def test_nested_bomb_is_stopped_by_one_budget(tmp_path):
    """Like 42.zip: each archive is harmless by its own measure; together they count against the outermost."""
    layer = {"zeros": bytes(900_000)}
    for level in range(3):
        layer = {f"{level}-{n}.zip": zip_of(layer, zipfile.ZIP_DEFLATED) for n in range(8)}
    finding = refused(tmp_path, "d.zip", zip_of(layer))
    assert "unpacks to more than" in finding.message


def test_depth_is_bounded(tmp_path):
    """Four archives in one another are unpacked, five are not; a quine that holds itself ends the same way."""
    content = b"pipes"
    for level in range(4):
        content = zip_of({f"{level}": content})
    assert list(unpacked(tmp_path, "d.zip", content).values()) == [b"pipes"]
    (tmp_path / "more").mkdir()
    assert "lies in 4 archives" in refused(tmp_path / "more", "d.zip", zip_of({"more": content})).message


def test_number_of_files_is_bounded(tmp_path):
    """Many small files are counted over all archives within the delivery."""
    many = zip_of({str(n): b"" for n in range(60)})
    assert "more than 100 files" in refused(tmp_path, "d.zip", zip_of({"a": many, "b": many})).message
    (tmp_path / "tar").mkdir()
    assert (
        "more than 100 files" in refused(tmp_path / "tar", "d.tar", tar_of({str(n): b"" for n in range(101)})).message
    )


def test_long_path_is_refused(tmp_path):
    """A path of thousands of folders is nobody's delivery."""
    assert (
        "more than 400 characters"
        in refused(tmp_path, "d.zip", zip_of({"a/" * 201: b"", "b/" * 201 + "c": b""})).message
    )


def test_empty_archives_are_told(tmp_path):
    """An archive without files is named, whatever its kind."""
    for number, (name, content) in enumerate(
        (("d.zip", zip_of({})), ("d.tar", tar_of({})), ("f.zip", zip_of({"f/": b""})))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert refused(folder, name, content).fault is Fault.EMPTY_FILE


def test_xz_that_asks_for_gigabytes(tmp_path):
    """A dictionary of 1.5 GB is not allocated."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 12}]
    packed = bytearray(lzma.compress(b"x", filters=filters))
    at = packed.index(b"\x21\x01")
    packed[at + 2] = 37  # 1.5 GB, LZMA2 filter flags (xz format 5.3.1)
    size = (packed[12] + 1) * 4
    packed[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(packed[12 : 12 + size - 4]))
    assert "Memory usage limit" in refused(tmp_path, "d.xz", bytes(packed)).message


def test_method_that_is_not_read(tmp_path):
    """An entry packed by an unusual method is named; its companions come."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", b"a")
        archive.writestr("b.csv", b"b", zipfile.ZIP_LZMA)
    found = unpacked(tmp_path, "d.zip", packed.getvalue())
    assert found["d.zip/a.csv"] == b"a"
    assert found["d.zip/b.csv"].message == "b.csv is packed by method 14, which is not read"


@pytest.mark.parametrize("name", ["d.zip", "d.tar", "d.tar.gz", "d.tar.xz"])
def test_mutilated_archives_never_break(tmp_path, name):
    """Two hundred random mutilations end as files or as a rejection, and never outside the folder."""
    chance = random.Random(name)
    for number in range(200):
        content = bytearray(WHOLE[name])
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        folder = tmp_path / str(number)
        folder.mkdir()
        with contextlib.suppress(Rejected):
            unpacked(folder, name, bytes(content))
    assert {p.name for p in tmp_path.iterdir()} == {str(n) for n in range(200)}


def deliver(folder: Path, name: str, content: bytes) -> Dataset:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return Dataset(path, folder, (path,))


def test_unpacking_in_workers(tmp_path):
    """Several archives are unpacked by workers into one folder; a bomb in a header harms none of the others."""
    huge = tarfile.TarInfo("pax")
    huge.type, huge.size = tarfile.XHDTYPE, 1 << 40
    backwards = bytearray(tar_of({"x": b""}))
    backwards[124:136] = b"\xff" * 10 + b"\xfe\0"  # -512 bytes: the next header is this one
    backwards[148:156] = b" " * 8
    backwards[148:156] = b"%06o\0 " % sum(backwards[:512])
    delivered = [
        deliver(tmp_path / "in", "a/good.zip", WHOLE["d.zip"]),
        deliver(tmp_path / "in", "b/bad.zip", b"PK\3\4"),
        deliver(tmp_path / "in", "c/pax.tar", huge.tobuf() + bytes(2048)),
        deliver(tmp_path / "in", "d/backwards.tar", bytes(backwards)),
        deliver(tmp_path / "in", "e/good.tgz", WHOLE["d.tgz"]),
    ]
    jobs = [(dataset, str(number), LIMITS) for number, dataset in enumerate(delivered)]
    with Workers(2, Limits(cpu_seconds=5, memory_bytes=256 << 20)) as workers:
        outcomes = [outcome for _, outcome in workers.map(unpack, jobs, keep_in=tmp_path / "kept")]
    good, bad, _pax, _backwards, packed = outcomes
    assert ("a/good.zip/folder/pipes.shp", Path("0/folder/pipes.shp")) in good
    assert (tmp_path / "kept" / "0" / "folder" / "pipes.shp").read_bytes() == b"shp"
    assert ("e/good.tgz/folder/pipes.dbf", Path("4/folder/pipes.dbf")) in packed
    assert all(isinstance(outcome, Rejected) for outcome in outcomes[1:4])
    assert bad.finding.message.startswith("bad.zip is damaged")
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["0", "4"]
