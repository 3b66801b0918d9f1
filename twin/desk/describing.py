"""`twin layers describe`: source, licence and accuracy of a layer, as its record tells them."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import typer

from layers.custom import read_layers
from layers.database import Audience
from layers.errors import Invalid, NotFound, Sentence
from layers.layer_records import describe_layer, read_records
from twin.city import open_city
from twin.desk.layers import layers
from twin.settings import Settings

_LONGEST = 2000


@layers.command("describe")
def describe(
    name: str,
    licence: Annotated[str | None, typer.Option(help="SPDX id such as CC-BY-4.0, or 'other' with its address.")] = None,
    licence_url: Annotated[str | None, typer.Option(help="Address of the licence's text.")] = None,
    rights: Annotated[str | None, typer.Option(help="Rights beside the licence, such as a copyright.")] = None,
    attribution: Annotated[str | None, typer.Option(help="What whoever shows it has to name.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the data come from.")] = None,
    source_url: Annotated[str | None, typer.Option(help="Address of the source.")] = None,
    lineage: Annotated[str | None, typer.Option(help="How they were made.")] = None,
    accuracy_m: Annotated[float | None, typer.Option(min=0, help="Accuracy of positions, metres.")] = None,
    accuracy: Annotated[str | None, typer.Option(help="The same in words.")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask: an organisation.")] = None,
    email: Annotated[str | None, typer.Option(help="Its e-mail address.")] = None,
    clear: Annotated[list[str] | None, typer.Option(help="Take a word back, by its name, such as licence.")] = None,
) -> None:
    """Say whose a layer is, under which licence and how accurate; without options, show what is said.

    Holds for the twin's own layers, too. An empty record is better than a made-up one.
    """
    given: dict[str, Any] = {
        "licence": licence, "licence_url": licence_url, "rights": rights, "attribution": attribution, "source": source,
        "source_url": source_url, "lineage": lineage, "accuracy_m": accuracy_m, "accuracy": accuracy,
        "keywords": keyword or None, "contact": _contact(contact, email),
    }  # fmt: skip
    told = {key: value for key, value in given.items() if value is not None}
    _check(told, given.keys(), clear or [])
    with open_city(Settings()) as connection:
        known = {layer.name for layer in read_layers(connection, Audience.OPERATOR)}
        if name not in known:
            listed = ", ".join(sorted(known))
            raise NotFound(
                Sentence(f"there is no layer '{name}': there are {listed}", f"không có lớp “{name}”: có {listed}")
            )
        changes = told | dict.fromkeys(clear or [])
        record = describe_layer(connection, name, changes) if changes else read_records(connection).get(name, {})
    typer.echo(json.dumps(record, ensure_ascii=False, indent=1))


def _contact(organisation: str | None, email: str | None) -> dict[str, Any] | None:
    if organisation is None:
        if email is not None:
            raise Invalid(Sentence("--email: give --contact, too", "--email: cần có cả --contact"))
        return None
    return {"organization": organisation, **({"emails": [{"value": email}]} if email else {})}


def _check(told: dict[str, Any], names: Any, clear: list[str]) -> None:
    """Raises: Invalid, naming every fault."""
    words = ", ".join(names)
    faults = [
        Sentence(f"--clear {name}: give one of {words}", f"--clear {name}: ghi một trong {words}")
        for name in clear
        if name not in names
    ]
    for name, value in told.items():
        if name.endswith("_url") and not re.fullmatch(r"https?://[^\s\"'<>]+", value):
            said = f"{name} {value}: give an address that begins with https://"
            faults.append(Sentence(said, f"{name} {value}: ghi địa chỉ bắt đầu bằng https://"))
        if isinstance(value, str) and (not value.strip() or len(value) > _LONGEST):
            said = f"{name}: give a text of at most {_LONGEST} letters"
            faults.append(Sentence(said, f"{name}: ghi nội dung tối đa {_LONGEST} chữ"))
    licence = told.get("licence")
    if licence is not None and not re.fullmatch(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*", licence):
        said = f"licence '{licence}': give an SPDX id such as CC-BY-4.0, or 'other' with --licence-url"
        vi = f"giấy phép “{licence}”: ghi mã SPDX như CC-BY-4.0, hoặc 'other' kèm --licence-url"
        faults.append(Sentence(said, vi))
    if licence == "other" and "licence_url" not in told:
        said = "licence 'other': give the address of its text with --licence-url"
        faults.append(Sentence(said, "giấy phép 'other': ghi địa chỉ văn bản bằng --licence-url"))
    if faults:
        raise Invalid(*faults)
