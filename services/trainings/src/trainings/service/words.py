"""What each rule of the database means, in words for whoever breaks it, and where."""

from typing import Final

_ID_TAKEN: Final = ("#/id", "This id is taken.")
NO_COURSE: Final = "There is no course with this code; record it first."
NO_TRAINING: Final = "There is no training with this id."
NO_PERSON: Final = "There is no person with this id, or none that you may see."
NO_UNIT: Final = "There is no unit with this id, or none that you may see."
NO_SESSION: Final = "There is no session with this id."
NO_VERSION: Final = "There is no version of a course with this id."
NO_CERTIFICATION: Final = "There is no certification with this id, or none that you may see."
NO_ENROLLMENT: Final = "There is no enrollment with this id, or none that you may see."
CIRCLE: Final = "That unit is this one, or part of it; a unit is part of a larger one."
ERASED: Final = "This person was erased: nothing is known of them, and nothing can be recorded of them again."
ONE_ALREADY: Final = "These two are one person already."
_T6: Final = "This person is an instructor of the training; nobody takes part in a training they lead."
_BY_COMPLETION: Final = "A seat is completed by its completion, as long as that stands."
_STATUS_FOLLOWS: Final = "Its status was changed meanwhile; what you asked for cannot follow. Read it again."
_ABOVE_HEADCOUNT: Final = (
    "The roster would have more attendees than the headcount of the training; correct the headcount first."
)
_VOIDED: Final = "This training was entered in error and voided; nobody takes part in it, leads or completes it."
CONSTRAINT_WORDS: Final = {
    "pk_people": _ID_TAKEN,
    "fk_people_unit_id": ("#/unit_id", NO_UNIT),
    "ck_people_birth_precision_fits": ("#/birth_precision", "The birth date and its precision do not fit each other."),
    "ck_people_has_name": ("#/given_name", "Give at least one name."),
    "erased_person_stays": ("#/", ERASED),
    "erased_person_has_no_document": ("#/person_id", ERASED),
    "fk_identity_documents_person_id": ("#/person_id", NO_PERSON),
    "fk_merges_person_id": ("#/person_id", NO_PERSON),
    "fk_merges_canonical_person_id": ("#/canonical_person_id", NO_PERSON),
    "ck_merges_two_records": ("#/canonical_person_id", "A record is not merged into itself; name another."),
    "uq_merges_person_id": ("#/person_id", "This record is merged into another already; void that merge first."),
    "merges_make_no_circle": ("#/canonical_person_id", ONE_ALREADY),
    "pk_units": _ID_TAKEN,
    "uq_units_code": ("#/code", "There is a unit with this code already."),
    "fk_units_agency_code": ("#/agency_code", "There is no agency with this code."),
    "fk_units_parent_id": ("#/parent_id", NO_UNIT),
    "fk_units_commander_person_id": ("#/commander_person_id", NO_PERSON),
    "ck_units_not_its_own_parent": ("#/parent_id", CIRCLE),
    "units_make_no_circle": ("#/parent_id", CIRCLE),
    "fk_vetting_records_person_id": ("#/person_id", NO_PERSON),
    "fk_vetting_records_unit_id": ("#/unit_id", NO_UNIT),
    "ck_vetting_records_one_subject": ("#/person_id", "Name either a person or a unit."),
    "ck_vetting_records_result_has_day": ("#/result_on", "A result has its day, and a pending vetting none."),
    "ck_vetting_records_result_after_request": ("#/result_on", "The result is before the request."),
    "pk_courses": _ID_TAKEN,
    "uq_courses_code": ("#/code", "There is a course with this code already."),
    "fk_courses_qualifies_for_course_code": ("#/qualifies_for_course_code", NO_COURSE),
    "ck_courses_only_trainers_qualify": (
        "#/qualifies_for_course_code",
        "Only a training of trainers qualifies its completers to lead another course.",
    ),
    "ck_courses_not_for_itself": ("#/qualifies_for_course_code", "A course does not qualify for itself."),
    "ck_courses_designed_hours_positive": ("#/designed_hours", "Hours are more than 0."),
    "pk_course_versions": _ID_TAKEN,
    "uq_course_versions_course_code_label": ("#/label", "This course has a version with this label already."),
    "fk_course_versions_course_code": ("#/course_code", NO_COURSE),
    "completed_version_stays": (
        "#/",
        "Somebody completed a training by this version, so only its objectives may change. Record a new version.",
    ),
    "pk_trainings": _ID_TAKEN,
    "uq_trainings_code": ("#/code", "There is a training with this code already."),
    "fk_trainings_course_code": ("#/course_code", NO_COURSE),
    "fk_trainings_provider_agency_code": ("#/provider_agency_code", "There is no agency with this code."),
    "fk_trainings_program_code": ("#/program_code", "There is no program with this code."),
    "fk_trainings_course_version_id_course_code": ("#/course_version_id", "This is no version of the course."),
    "training_agencies_known": ("#/", "There is no agency with one of these codes."),
    "co_providers_are_others": ("#/co_provider_agency_codes", "The provider is named apart; name the others here."),
    "training_status_follows": ("#/to", _STATUS_FOLLOWS),
    "completed_seats_are_closed": (
        "#/to",
        "Some of its enrollments are still open: complete them, or say how each ended, such as `withdrawn`.",
    ),
    "headcount_covers_attendees": ("#/headcount", "The roster of this training has more attendees than that."),
    "training_covers_sessions": (
        "#/starts_on",
        "One of its sessions is outside of these dates; change the session, or void it.",
    ),
    "training_lead_is_certified": (
        "#/starts_on",
        "None of the certifications of a lead holds on that day for that course; void the assignment first.",
    ),
    "pk_training_sessions": _ID_TAKEN,
    "fk_training_sessions_training_id": ("#/training_id", NO_TRAINING),
    "held_while_training_lasts": ("#/held_on", "The session is not held while its training lasts."),
    "session_covers_attendances": ("#/hours", "Somebody attended this session for longer; correct that first."),
    "ck_trainings_ends_after_start": ("#/ends_on", "The end is before the start."),
    "training_starts_before_completions": (
        "#/starts_on",
        "Somebody completed this training earlier than that; it cannot start later than its completions.",
    ),
    "training_is_voided": ("#/training_id", _VOIDED),
    "completed_training_is_voided": ("#/enrollment_id", _VOIDED),
    "voided_record_stays": ("#/", "This record was voided meanwhile; it stays as it is."),
    "pk_enrollments": _ID_TAKEN,
    "uq_enrollments_training_id_person_id": ("#/person_id", "This person is enrolled in this training already."),
    "fk_enrollments_training_id": ("#/training_id", NO_TRAINING),
    "fk_enrollments_person_id": ("#/person_id", NO_PERSON),
    "fk_enrollments_unit_id": ("#/unit_id", NO_UNIT),
    "voided_seat_has_no_completion": ("#/", "The seat is completed. Void its completion first, and then the seat."),
    "attended_seat_stands": ("#/enrollment_id", "This seat was entered in error and voided."),
    "instructor_is_no_participant": ("#/person_id", _T6),
    "completed_by_completion": ("#/status", _BY_COMPLETION),
    "ck_enrollments_completed_has_day": ("#/status", _BY_COMPLETION),
    "enrollment_status_follows": ("#/to", _STATUS_FOLLOWS),
    "attendees_above_headcount": ("#/", _ABOVE_HEADCOUNT),
    "pk_attendances": _ID_TAKEN,
    "uq_attendances_enrollment_id_session_id": (
        "#/session_id",
        "The attendance of this person in this session is recorded already; change it.",
    ),
    "attended_session_stands": ("#/session_id", "This session, or its training, was entered in error and voided."),
    "attended_seat_is_confirmed": (
        "#/enrollment_id",
        "Nobody attends on a seat that was never confirmed, or never taken; change its status first.",
    ),
    "attended_within_session": ("#/hours", "Nobody attends for longer than the session."),
    "pk_completions": _ID_TAKEN,
    "uq_completions_enrollment_id": ("#/enrollment_id", "This enrollment is completed already."),
    "fk_completions_enrollment_id": ("#/enrollment_id", NO_ENROLLMENT),
    "completed_after_start": ("#/completed_on", "The completion is before the start of the training."),
    "completed_in_past": ("#/completed_on", "The completion is in the future; record it when it has happened."),
    "seat_is_completable": ("#/enrollment_id", "Only a seat that is cleared, enrolled or attending is completed."),
    "pk_instructor_assignments": _ID_TAKEN,
    "uq_instructor_assignments_training_id_person_id_role": (
        "#/person_id",
        "This person has this role in this training already.",
    ),
    "fk_instructor_assignments_training_id": ("#/training_id", NO_TRAINING),
    "fk_instructor_assignments_person_id": ("#/person_id", NO_PERSON),
    "participant_is_no_instructor": (
        "#/person_id",
        "This person is enrolled in the training; nobody leads a training they take part in.",
    ),
    "lead_is_certified": (
        "#/person_id",
        "None of the certifications of this person for the course holds when the training starts.",
    ),
    "pk_certifications": _ID_TAKEN,
    "uq_certifications_renews_certification_id": ("#/renews_certification_id", "That one was renewed already."),
    "fk_certifications_course_code": ("#/course_code", NO_COURSE),
    "fk_certifications_person_id": ("#/person_id", NO_PERSON),
    "fk_certifications_training_id": ("#/training_id", NO_TRAINING),
    "fk_certifications_issuer_agency_code": ("#/issuer_agency_code", "There is no agency with this code."),
    "fk_certifications_renews_certification_id": ("#/renews_certification_id", NO_CERTIFICATION),
    "ck_certifications_expires_after_issue": ("#/expires_on", "It ends before it begins."),
    "ck_certifications_revoked_after_issue": ("#/revoked_on", "It was not issued by then."),
    "certified_in_past": ("#/issued_on", "The issue is in the future; record it when it has happened."),
    "renewal_is_of_the_same": (
        "#/renews_certification_id",
        "A renewal is of an earlier certification of the same person for the same course.",
    ),
    "uq_certification_suspensions_certification_id": ("#/starts_on", "It is suspended already; reinstate it first."),
    "ck_certification_suspensions_ends_after_start": ("#/ends_on", "The suspension begins later than that."),
    "suspended_while_issued": ("#/starts_on", "It is suspended between its issue and its revocation."),
    "suspensions_apart": ("#/starts_on", "It was suspended then already; suspensions follow each other."),
}
