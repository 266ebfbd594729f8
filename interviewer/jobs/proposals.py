"""Let the model propose rubric points for a question. Nothing but the job's own row is written."""

from __future__ import annotations

import dataclasses
from typing import Any

from interviewer import budget, point_proposals
from interviewer.jobs import Progress
from interviewer.jobs.asking import ask_model
from interviewer.models import Job
from questions.frozen import FrozenQuestion


def propose_points(job: Job, progress: Progress) -> dict[str, Any]:
    """The points that the reference in the job's payload bears out, and what was left out of the model's reply."""
    asked = FrozenQuestion.from_json(job.payload["asked"])
    planned = point_proposals.planned_tokens(asked)
    found = ask_model(job, planned, lambda: point_proposals.propose(asked), lambda proposed: proposed.usage)
    return {
        "points": [dataclasses.asdict(point) for point in found.points],
        "dropped": list(found.dropped),
        "usage": dataclasses.asdict(found.usage),
        "cost": str(budget.cost(found.usage)),
        "model": found.model,
        "prompt": found.prompt,
    }
