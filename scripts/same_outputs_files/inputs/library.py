import ftbench
from ftbench.models import packaged
from transformers import AutoModelForSequenceClassification, AutoTokenizer

name = packaged("tiny")  # or a hub id, or a folder
model = AutoModelForSequenceClassification.from_pretrained(name, num_labels=2)
tokenizer = AutoTokenizer.from_pretrained(name)
sentences = ["the dog sees a cat", "cat the a sees", "a boy likes the girl", "likes the boy a"] * 8
rows = [{**tokenizer(s), "label": i % 2} for i, s in enumerate(sentences)]

tuned = ftbench.fit(model, rows, method="bidrop", k=2, keep_ratio=0.5, recipe={"lr": 5e-4, "epochs": 3})

logits = tuned(**tokenizer(sentences[:4], padding=True, return_tensors="pt")).logits
print(logits.argmax(-1).tolist())
import torch

tuner = ftbench.Tuner(model, method="r3f", total_steps=8, recipe={"lr": 5e-4})
for start in range(0, len(rows), 4):
    batch = tokenizer(sentences[start : start + 4], padding=True, return_tensors="pt")
    loss = tuner.step({**batch, "labels": torch.tensor([0, 1, 0, 1])})
tuned = tuner.finish()
