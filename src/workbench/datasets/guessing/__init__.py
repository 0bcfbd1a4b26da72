"""What the columns of an unknown file may be, by their names and values: sure, assumed, or a question to a person.

Rules of thumb, one module a thing guessed: how a file is written (`layout`, `encodings`, `notation`), dates (`dates`),
words for truths and gaps (`truths`, `gaps`), ratings (`scales`, `scale_words`, `items`), canonical columns and tables
(`names`, `tables`). What several readings fit equally is asked (`questions`), never chosen.
"""
