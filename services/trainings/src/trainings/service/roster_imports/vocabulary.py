"""Words of rosters: what a cell says, in the languages of the field. What is not known is proposed, never guessed."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from chassis.codes import COUNTRY_NAMES, COUNTRY_WORDS
from rapidfuzz import fuzz, process

from trainings import names
from trainings.domain import EnrollmentRole, EnrollmentStatus, IdentityDocumentType, Level, Sex, VettingBasis

_NEAR: Final = 72
"""From this likeness on a known word is proposed."""

_SEXES: Final = {
    Sex.female: "f female woman women mujer femenino femenina fem feme mrs ms zh zhenskij zhenskii",
    Sex.male: "male man men hombre masculino masculina masc h mr muzh muzhskoj muzhskoi",
    Sex.not_recorded: "unknown|not recorded|no registrado|desconocido|n/a",
}
_STATUSES: Final = {
    EnrollmentStatus.nominated: "nominated|nominado|nominada|candidate|propuesto",
    EnrollmentStatus.vetting: "vetting|in vetting|en investigacion|being vetted",
    EnrollmentStatus.cleared: "cleared|aprobado para asistir|vetted",
    EnrollmentStatus.enrolled: "enrolled|inscrito|inscrita|registered|confirmed|confirmado|confirmada",
    EnrollmentStatus.attending: "attending|asiste|attended|asistio|in progress|en curso",
    EnrollmentStatus.completed: "completed|complete|completado|completo|completa|graduated|graduado|graduada|"
    "passed|aprobado|"
    "aprobada|concluido|finished",
    EnrollmentStatus.rejected: "rejected|rechazado|rechazada",
    EnrollmentStatus.withdrawn: "withdrawn|withdrew|retirado|retirada|baja|dropped",
    EnrollmentStatus.no_show: "no show|no-show|did not come|no asistio|no se presento|absent|ausente",
    EnrollmentStatus.failed: "failed|fail|reprobado|reprobada|not passed|no aprobado",
    EnrollmentStatus.incomplete: "incomplete|incompleto|incompleta|did not finish|not completed",
}
_LEVELS: Final = {
    Level.line: "line|line officer|officer|operativo|base|custodio",
    Level.mid: "mid|middle|mid-level|supervisor|mando medio|medio",
    Level.senior: "senior|senior officer|mando superior|superior|director|executive",
    Level.academy_instructor: "academy instructor|instructor|instructora|instructor de academia",
}
_BASES: Final = {
    VettingBasis.required: "required|requerido|yes|si|si requerido",
    VettingBasis.not_required: "not required|no requerido|no",
    VettingBasis.not_recorded: "not recorded|no registrado",
}
_ROLES: Final = {EnrollmentRole.participant: "participant|participante|trainee|student|alumno|alumna|estudiante"}
_DOCUMENTS: Final = {
    IdentityDocumentType.mx_curp: "curp|mx curp|clave unica|clave unica de registro de poblacion",
    IdentityDocumentType.pk_cnic: "cnic|pk cnic|nadra",
    IdentityDocumentType.national_id: "national id|national identity card|id card|cedula|ine|dni|"
    "carte nationale|personal number",
    IdentityDocumentType.passport: "passport|passport no|passport number|pasaporte|no pasaporte|passeport|pasport",
    IdentityDocumentType.service_number: "service number|service no|badge|badge number|numero de empleado|"
    "employee number|"
    "placa|matricula",
}


class UnknownWord(ValueError):
    """A cell that says nothing known, with what it may have meant."""


def clean(text: str) -> str:
    """A cell's text in its normal form, on one line, without spaces around or twice in a row."""
    found = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    # A sign before what looks like a formula: as templates, and Excel itself, make text of it.
    return found[1:] if found[:1] == "'" and found[1:2] in {"=", "+", "-", "@"} else found


def _key(text: str) -> str:
    return names.fold(re.sub(r"[_\-./]+", " ", text))


@cache
def _words(kind: type[StrEnum]) -> Mapping[str, StrEnum]:
    known: Mapping[StrEnum, str] = _VOCABULARY[kind]  # type: ignore[assignment]
    found = {}
    for value, written in known.items():
        listed = written.split("|") if "|" in written else written.split()
        for word in (value.value, *listed):
            found[_key(word)] = value
    return found


_VOCABULARY: Final[Mapping[type[StrEnum], object]] = {
    Sex: _SEXES,
    EnrollmentStatus: _STATUSES,
    Level: _LEVELS,
    VettingBasis: _BASES,
    EnrollmentRole: _ROLES,
    IdentityDocumentType: _DOCUMENTS,
}


def read_word(kind: type[StrEnum], text: str) -> StrEnum:
    """The value of `kind` that a cell says; `UnknownWord` with a proposal where none."""
    words = _words(kind)
    key = _key(text)
    if key in words:
        return words[key]
    near = process.extractOne(key, list(words), scorer=fuzz.WRatio, score_cutoff=_NEAR) if key else None
    hint = f"Did you mean {words[near[0]]}?" if near else f"Write one of: {', '.join(kind)}."
    raise UnknownWord(f"“{text}” is not known here. {hint}")


def read_sex(text: str, in_column: Container[str]) -> Sex:
    """The sex that a cell says. An M is a man beside an F, and a woman (mujer) beside an H; alone it says neither."""
    if _key(text) == "m":
        if ("f" in in_column) == ("h" in in_column):
            raise UnknownWord("An M alone may stand for male or for mujer. Write female or male.")
        return Sex.male if "f" in in_column else Sex.female
    return Sex(read_word(Sex, text))


def letters_of(texts: Iterable[str]) -> frozenset[str]:
    """The single letters among the texts of a column."""
    return frozenset(key for key in map(_key, texts) if len(key) == 1)


def find_word(kind: type[StrEnum], text: str) -> StrEnum | None:
    """The value of `kind` that stands somewhere in a text, such as a header; None where none does."""
    key = f" {_key(text)} "
    found = {value for word, value in _words(kind).items() if f" {word} " in key}
    return found.pop() if len(found) == 1 else None


@cache
def _countries() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for code, written in COUNTRY_WORDS.items():
        for word in (code, COUNTRY_NAMES[code], *written):
            found.setdefault(_key(word), code)
    return found


def read_country(text: str) -> str:
    """The country that a cell names, in English or Spanish, or by a code; `UnknownWord` where none."""
    words = _countries()
    key = _key(text)
    if key in words:
        return words[key]
    long = [word for word in words if len(word) > len("xxx")]
    near = process.extractOne(key, long, scorer=fuzz.ratio, score_cutoff=_NEAR) if key else None
    hint = (
        f"Did you mean {COUNTRY_NAMES[words[near[0]]]} ({words[near[0]]})?"
        if near
        else "Write its name in English or Spanish, or its code, such as MX."
    )
    raise UnknownWord(f"“{text}” is not a country known here. {hint}")
