"""What takes seconds to import is imported by the process that needs it, when it needs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = ("torch", "faiss", "sentence_transformers", "transformers", "openai", "sklearn", "fpdf", "fontTools")
LOADED = f"""
import sys, django
django.setup()
import {{module}}
print([name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.mark.parametrize("module", ["interviewer.urls", "interviewer.celery, interviewer.tasks"])
def test_starting_a_process_loads_nothing_heavy(module, tmp_path):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "interviewer.settings", "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
