"""Rows that are added and never changed. What deletes or changes them all the same has gone past Django's doors."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

_Row = TypeVar("_Row", bound=models.Model)


class AppendOnly(TypeError):
    """Rows of this table are added, never changed and never deleted by themselves."""


class AppendOnlyQuerySet(models.QuerySet[_Row]):
    """Read and added, nothing else."""

    def update(self, **fields: Any) -> int:
        raise AppendOnly

    def bulk_update(self, *args: Any, **options: Any) -> int:
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly


class AppendOnlyModel(models.Model):
    """A table whose rows are added only."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **{**options, "force_insert": True})

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly
