"""FastAPI as its documentation shows it: a pydantic model in, another one out, a function that blocks in a thread."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

from sentiment.model import Model

app = FastAPI()
model = Model.find(Path("model"))


class Question(BaseModel):
    review: str


class Answer(BaseModel):
    review: str
    classification: str | None
    confidence: float
    scores: dict[str, float]


@app.get("/healthz")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
def predict(question: Question) -> Answer:
    found = model.predict(question.review)
    return Answer(
        review=question.review, classification=found.classification, confidence=found.confidence, scores=found.scores
    )
