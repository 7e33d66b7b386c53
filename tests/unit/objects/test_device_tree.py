"""Device trees of a series: the blobs that show them."""

from __future__ import annotations

import pytest

from pipeline.model import TouchedFile
from pipeline.objects.device_tree import blob, goal, goals, included, is_device_tree, source, touched_trees

FOLDER = "arch/arm64/boot/dts/maker"


@pytest.mark.parametrize(
    ("path", "made"),
    [
        (f"{FOLDER}/board.dts", f"{FOLDER}/board.dtb"),
        (f"{FOLDER}/extra,more.dtso", f"{FOLDER}/extra,more.dtbo"),
        (f"{FOLDER}/chip.dtsi", ""),
        ("Documentation/devicetree/bindings/a.dts", ""),
        (f"{FOLDER}/a b.dts", ""),
        (f"{FOLDER}/Makefile", ""),
    ],
)
def test_a_tree_is_made_into_a_blob(path: str, made: str) -> None:
    assert blob(path) == made
    if made:
        assert source(made) == path


def test_make_knows_a_blob_from_its_folder_on() -> None:
    assert goal(f"{FOLDER}/board.dtb") == "maker/board.dtb"
    assert goal("fs/a.o") == "fs/a.o"


def test_a_file_that_is_included_is_shown_by_trees_of_its_architecture() -> None:
    includers = {f"{FOLDER}/chip.dtsi": [f"{FOLDER}/{name}.dts" for name in "abc"] + ["arch/riscv/boot/dts/x.dts"]}
    paths = [f"{FOLDER}/board.dts", f"{FOLDER}/chip.dtsi", f"{FOLDER}/lone.dtsi", "arch/riscv/boot/dts/y.dts", "fs/a.c"]
    assert touched_trees("arm64", paths, includers, 4) == [
        TouchedFile(f"{FOLDER}/board.dts", (f"{FOLDER}/board.dtb",)),
        TouchedFile(f"{FOLDER}/chip.dtsi", (f"{FOLDER}/a.dtb", f"{FOLDER}/b.dtb")),
        TouchedFile(f"{FOLDER}/lone.dtsi", reason="no device tree was found to include it"),
        TouchedFile("arch/riscv/boot/dts/y.dts", reason="needs arch/riscv"),
    ]
    assert not is_device_tree("fs/a.c")


def test_what_a_device_tree_includes_is_followed_through_others() -> None:
    texts = {
        f"{FOLDER}/board.dts": '/dts-v1/;\n#include "family.dtsi"\n#include <dt-bindings/a.h>\n',
        f"{FOLDER}/family.dtsi": '#include "../chip.dtsi"\n/include/ "board.dts"\n#include <riscv/core.dtsi>\n',
    }
    assert included(f"{FOLDER}/board.dts", texts) == [
        f"{FOLDER}/family.dtsi",
        "arch/arm64/boot/dts/chip.dtsi",
        "arch/riscv/boot/dts/core.dtsi",
    ]


def test_device_trees_are_asked_for_apart_from_objects() -> None:
    blobs = ["arch/arm64/boot/dts/acme/a.dtb", "arch/arm64/boot/dts/b.dtbo"]
    objects = ["mm/util.o", "kernel/bounds.s"]
    assert goals([blobs[0], *objects, blobs[1]]) == [objects, ["acme/a.dtb", "b.dtbo"]]
    assert goals(objects) == [objects]
    assert goals(blobs) == [["acme/a.dtb", "b.dtbo"]]
