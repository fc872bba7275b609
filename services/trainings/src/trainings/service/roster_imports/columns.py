"""Which column of a file is which field: proposed by likeness of its header, remembered by the layout of the file."""

from collections.abc import Collection, Mapping
from typing import Final

from chassis.tables.mapping import Headers

from trainings import names
from trainings.domain import IdentityDocumentType, RosterField
from trainings.service.roster_imports.vocabulary import find_word

# As rosters write them, in the languages of the field. Folded, as headers are.
_SYNONYMS: Final[Mapping[RosterField, str]] = {
    RosterField.training_code: "training code|training|course code|event code|codigo del curso|"
    "codigo de capacitacion|evento|"
    "clave del curso",
    RosterField.seat: "seat|seat id|enrollment id|enrollment",
    RosterField.seat_version: "seat version|version",
    RosterField.given_name: "given name|given names|first name|first names|forename|nombre de pila|"
    "prenom|imia|saxeli|sakheli",
    RosterField.surname_1: "surname 1|first surname|last name|surname|family name|apellido paterno|"
    "primer apellido|paterno|"
    "apellido 1|apellido|nom de famille|familiia|gvari",
    RosterField.surname_2: "surname 2|second surname|apellido materno|segundo apellido|materno|apellido 2|last name 2",
    RosterField.surnames: "surnames|last names|apellidos|both surnames|family names",
    RosterField.full_name: "full name|name and surname|nombre completo|complete name|participant name|"
    "nombre y apellidos|"
    "apellidos y nombre|participant|participante|nom complet|fio",
    RosterField.full_name_original: "full name original|original name|name in original script|name in arabic|"
    "name in georgian|"
    "name in cyrillic|native name|name in native script|name in russian",
    RosterField.sex: "sex|gender|sexo|genero|pol|sexe|sqesi",
    RosterField.birth_date: "birth date|date of birth|dob|birthdate|born|birthday|fecha de nacimiento|"
    "nacimiento|f nac|"
    "fecha nac|year of birth|birth year|ano de nacimiento|date de naissance|data rozhdeniia",
    RosterField.nationality_code: "nationality|nationality code|citizenship|nacionalidad|country of citizenship|"
    "country|pais|"
    "nationalite|home country",
    RosterField.id_type: "id type|document type|type of document|tipo de documento|type of id|identity document type",
    RosterField.id_number: "id number|document number|curp|cnic|passport|passport no|passport number|pasaporte|"
    "numero de documento|national id|id no|id|identity number|no de identificacion|cedula|identification|"
    "service number|badge number|numero de empleado",
    RosterField.id_country_code: "id country|id country code|issuing country|issuer|pais emisor|"
    "document country|issued by",
    RosterField.unit_code: "unit code|unit|unidad|codigo de unidad|facility code|centro",
    RosterField.position: "position|rank|puesto|cargo|grado|rango|title|job title|post|zvanie",
    RosterField.level: "level|nivel|rank group|jerarquia",
    RosterField.role: "role|rol|funcion|capacity in training",
    RosterField.status: "status|estado|estatus|result|resultado|outcome|situacion",
    RosterField.completed_on: "completed on|completion date|date completed|fecha de conclusion|fecha de termino|"
    "graduated on|"
    "graduation date|date of completion|fecha de graduacion",
    RosterField.pre_score: "pre score|pre test|pretest|pre test score|evaluacion inicial|calificacion inicial|pre",
    RosterField.post_score: "post score|post test|posttest|post test score|evaluacion final|calificacion final|"
    "post|score|"
    "grade|calificacion|nota",
    RosterField.hours_attended: "hours attended|hours|horas|horas asistidas|contact hours|attended hours",
    RosterField.vetting_basis: "vetting basis|vetting required|vetting|leahy|investigacion requerida",
    RosterField.vetting_reason: "vetting reason|reason no vetting|why not vetted|motivo",
    RosterField.note: "note|notes|remarks|comments|observaciones|notas|comentarios|comment",
}
# Columns that many rosters have and nobody needs here.
_NOTHING: Final = (
    "no|num|number|#|nr|consecutive|consecutivo|row|folio|email|e mail|correo|telefono|phone|signature|firma|age|edad"
)


_JUST_NAME: Final = frozenset({"name", "names", "nombre", "nombres", "nombre s"})
_SURNAMES: Final = frozenset({RosterField.surname_1, RosterField.surname_2, RosterField.surnames})


def _name_alone(key: str, sure: Collection[RosterField]) -> RosterField | None:
    """A name alone is a given name beside surnames, and the whole name where there are none."""
    if key not in _JUST_NAME:
        return None
    return RosterField.full_name if _SURNAMES.isdisjoint(sure) else RosterField.given_name


HEADERS: Final = Headers(_SYNONYMS, _NOTHING, names.fold, _name_alone)


def document_type_of(header: str) -> IdentityDocumentType | None:
    """The kind of document that the header of a column of numbers names."""
    found = find_word(IdentityDocumentType, header)
    return None if found is None else IdentityDocumentType(found)
