"""Words of rosters: what a cell says, in the languages of the field. What is not known is proposed, never guessed."""

from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from functools import cache, partial
from typing import Any, Final

from chassis.codes import COUNTRY_NAMES, COUNTRY_WORDS
from chassis.tables.words import NEAR, UnknownWord, Vocabulary, key_of
from rapidfuzz import fuzz, process

from trainings import names
from trainings.domain import EnrollmentRole, EnrollmentStatus, IdentityDocumentType, Level, Sex, VettingBasis

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


_VOCABULARY: Final[Mapping[type[StrEnum], Vocabulary[Any]]] = {
    kind: Vocabulary(kind, written, names.fold)
    for kind, written in (
        (Sex, _SEXES),
        (EnrollmentStatus, _STATUSES),
        (Level, _LEVELS),
        (VettingBasis, _BASES),
        (EnrollmentRole, _ROLES),
        (IdentityDocumentType, _DOCUMENTS),
    )
}
_key: Final = partial(key_of, folded=names.fold)


def read_word(kind: type[StrEnum], text: str) -> StrEnum:
    """The value of `kind` that a cell says; `UnknownWord` with a proposal where none."""
    return kind(_VOCABULARY[kind].read(text))


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
    found: StrEnum | None = _VOCABULARY[kind].find(text)
    return found


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
    near = process.extractOne(key, long, scorer=fuzz.ratio, score_cutoff=NEAR) if key else None
    hint = (
        f"Did you mean {COUNTRY_NAMES[words[near[0]]]} ({words[near[0]]})?"
        if near
        else "Write its name in English or Spanish, or its code, such as MX."
    )
    raise UnknownWord(f"“{text}” is not a country known here. {hint}")
