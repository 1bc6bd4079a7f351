"""Random scores with ties, and what scikit-learn makes of them.

    python curves.py > curves.json          writes the cases that the tests read
    python curves.py postgresql://...       compares 1 000 cases with the aggregates of a database
"""

import json
import random
import sys
import warnings

from sklearn.metrics import roc_auc_score, roc_curve

warnings.filterwarnings("ignore")


def case(seed):
    dice = random.Random(seed)
    count = dice.choice([1, 2, 3, 10, 30, 120, 400])
    digits = dice.choice([0, 1, 2, 17])
    share = dice.choice([0.0, 0.1, 0.5, 0.9, 1.0]) if seed % 10 == 0 else dice.uniform(0.1, 0.9)
    labels = [dice.random() < share for _ in range(count)]
    scores = [round(dice.gauss(0.8 * label, 1) * 10 ** dice.choice([0, 0, 0, 8]), digits) for label in labels]
    max_fpr = dice.choice([0.05, 0.1, 0.37, 1.0])
    if len(set(labels)) == 2:
        auc = roc_auc_score(labels, scores)
        pauc = roc_auc_score(labels, scores, max_fpr=max_fpr if max_fpr < 1 else None)
        rates, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
        corners = [rates.tolist(), hits.tolist()] if count <= 10 else None
    else:
        auc = pauc = corners = None
    return {"scores": scores, "labels": labels, "maxFPR": max_fpr, "auc": auc, "pauc": pauc, "corners": corners}


def compare(url):
    import psycopg

    worst = 0
    with psycopg.connect(url) as database:
        for seed in range(1000):
            wanted = case(seed)
            auc, pauc = database.execute(
                "select auscult.auc(score, label), auscult.pauc(score, label, %s)"
                " from unnest(%s::float8[], %s::boolean[]) as clip (score, label)",
                (wanted["maxFPR"], wanted["scores"], wanted["labels"])).fetchone()
            for ours, theirs in [(auc, wanted["auc"]), (pauc, wanted["pauc"])]:
                assert (ours is None) == (theirs is None), (seed, ours, theirs)
                if ours is not None:
                    worst = max(worst, abs(ours - theirs))
    print(f"1000 cases, worst difference {worst:.1e}")
    assert worst < 1e-12


if len(sys.argv) > 1:
    compare(sys.argv[1])
else:
    print("[")
    print(",\n".join(json.dumps(case(seed)) for seed in range(60)))
    print("]")
