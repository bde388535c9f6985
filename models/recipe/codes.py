"""The fixed targets, on one device: grids for the connector, prompts for the bridge, what pixels are normalized by."""

import torch

from grid import extent_codes, grid_codes, place_codes
from model import MEAN, STD, class_codes

GROUND = 0.2  # weight of the ground among the classes of cells


class Codes:
    """`frequencies` are those of the mask side's point encoding."""

    def __init__(self, classes, frequencies, device="cpu"):
        rows, cells = grid_codes()
        self.count = classes
        self.grid, self.cells = rows[:classes].to(device), cells.to(device)
        self.extents, self.places = extent_codes().to(device), place_codes().to(device)
        self.connector = self.grid, self.cells, self.extents
        self.classes = class_codes(classes).to(device)
        self.frequencies = frequencies.to(device)
        self.mean, self.std = (255 * MEAN).to(device), (255 * STD).to(device)
        self.weight = torch.ones(classes + 1, device=device)
        self.weight[-1] = GROUND
