"""The rows of a roster through Django REST Framework: validated by a serializer, written by `bulk_create`.

Runs in a venv of its own (requirements-drf.txt): `python imports_drf.py ROSTER.csv`, with the database in the
environment, as libpq has it. Prints how long validating and writing took, in seconds, as JSON.
"""

import csv
import json
import sys
import time
from datetime import date
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, models, transaction

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": sys.argv[2], "HOST": sys.argv[3],
                           "USER": sys.argv[4], "PASSWORD": sys.stdin.readline().strip()}},
    INSTALLED_APPS=["rest_framework"],
    USE_TZ=True,
)  # fmt: skip
django.setup()

from rest_framework import serializers  # noqa: E402 - it wants the settings first

BATCH = 1000
SEXES = ("female", "male")


class Person(models.Model):  # noqa: DJ008 - nobody prints one
    """Somebody, in the clear."""

    given_name = models.CharField(max_length=200)
    surname_1 = models.CharField(max_length=200)
    surname_2 = models.CharField(max_length=200, blank=True)
    sex = models.CharField(max_length=12, choices=[(one, one) for one in SEXES])
    birth_date = models.DateField()
    nationality = models.CharField(max_length=60)

    class Meta:
        """Where it is."""

        app_label = "roster"
        db_table = "drf_people"


class Seat(models.Model):  # noqa: DJ008 - as above
    """Their seat, with its completion."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    status = models.CharField(max_length=20)
    completed_on = models.DateField()
    hours = models.DecimalField(max_digits=6, decimal_places=2)

    class Meta:
        """Where it is."""

        app_label = "roster"
        db_table = "drf_seats"


class RowSerializer(serializers.Serializer):
    """A row of the file."""

    given_name = serializers.CharField(max_length=200)
    surname_1 = serializers.CharField(max_length=200)
    surname_2 = serializers.CharField(max_length=200, allow_blank=True)
    sex = serializers.ChoiceField(choices=SEXES)
    birth_date = serializers.DateField()
    nationality = serializers.CharField(max_length=60)
    status = serializers.ChoiceField(choices=("enrolled", "completed"))
    completed_on = serializers.DateField()
    hours = serializers.DecimalField(max_digits=6, decimal_places=2)

    def validate_completed_on(self, value: date) -> date:
        """Not in the future."""
        if value > date.today():  # noqa: DTZ011 - as a form would
            raise serializers.ValidationError("in the future")
        return value


def main() -> None:
    """Validate, write in one transaction, count, and drop what was written."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with connection.schema_editor() as editor:
        editor.create_model(Person)
        editor.create_model(Seat)
    began_at = time.perf_counter()
    found = RowSerializer(data=rows, many=True)
    found.is_valid(raise_exception=True)
    validated_at = time.perf_counter()
    with transaction.atomic():
        names = [field.name for field in Person._meta.fields if field.name != "id"]  # noqa: SLF001 - its documented API
        people = [Person(**{name: row[name] for name in names}) for row in found.validated_data]
        Person.objects.bulk_create(people, batch_size=BATCH)
        seats = [
            Seat(person=person, **{name: row[name] for name in ("status", "completed_on", "hours")})
            for person, row in zip(people, found.validated_data, strict=True)
        ]
        Seat.objects.bulk_create(seats, batch_size=BATCH)
    ended_at = time.perf_counter()
    counted = Seat.objects.filter(status="completed").count()
    with connection.schema_editor() as editor:
        editor.delete_model(Seat)
        editor.delete_model(Person)
    print(json.dumps({"validate": validated_at - began_at, "write": ended_at - validated_at, "rows": counted}))


if __name__ == "__main__":
    main()
