"""Version 1 of every question that is there already: what it says now, by nobody."""

from django.conf import settings
from django.db import migrations

from questions.frozen import FrozenPoint, FrozenQuestion

SAME = (
    "slug", "title", "language", "kind", "prompt", "reference", "difficulty", "seconds", "explanation", "examples",
)


def frozen(question):
    points = tuple(
        FrozenPoint(key=f"p{n}", name=point.name, text=point.text, kind=point.kind, weight=point.weight)
        for n, point in enumerate(question.points.all(), start=1)
    )
    said = {name: getattr(question, name) for name in SAME}
    return FrozenQuestion(points=points, topic=question.topic.slug, **said)


def first_version(question, Version):
    said = frozen(question)
    return Version(
        question=question, number=1, kind="found", at=question.updated_at, status=question.status, tags=question.tags,
        content=said.to_json(), content_hash=said.hash,
    )


def make(apps, schema_editor):
    Question, Version = (apps.get_model("questions", name) for name in ("Question", "QuestionVersion"))
    wanted = Question.objects.filter(versions=None).select_related("topic").prefetch_related("points")
    keys = list(Question.objects.filter(versions=None).order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(keys), 500):
        batch = wanted.filter(pk__in=keys[place:place + 500])
        Version.objects.bulk_create(first_version(question, Version) for question in batch)


def unmake(apps, schema_editor):
    """The versions go with their table; what is in review becomes a draft, as nothing earlier knows that status."""
    apps.get_model("questions", "Question").objects.filter(status="review").update(status="draft")


class Migration(migrations.Migration):

    dependencies = [
        ("questions", "0002_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(make, unmake)]
