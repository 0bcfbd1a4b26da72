"""A short name for what a table or a tree of numbers holds, the same on every machine."""

import hashlib
import json


def digest(table, digits=9):
    """Of a frame: numbers to nine digits, since the last ones depend on the processor (of differences more of them)."""
    return hashlib.sha256(table.to_csv(index=False, float_format=f"%.{digits}g").encode()).hexdigest()[:16]


def digest_tree(tree):
    """Of nested dicts and lists."""
    rounded = json.loads(json.dumps(tree), parse_float=lambda text: f"{float(text):.8g}")
    return hashlib.sha256(json.dumps(rounded, sort_keys=True).encode()).hexdigest()[:16]
