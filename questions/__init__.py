"""The question library: documents, rubric points, embeddings, index and search.

It knows nothing of interviews, LLM calls, HTTP sessions or Celery workers.
"""
