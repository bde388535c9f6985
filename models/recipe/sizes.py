"""Sizes that drawing, questions and networks share; without torch, so that the processes that only draw stay small."""

SIZE = 224  # pixels of a picture's side
PATCH = 16
GRID = SIZE // PATCH  # patches along a side
IMAGE_TOKENS = (GRID // 2) ** 2
MOST_CLASSES = 96  # as many as there are orthogonal class codes
