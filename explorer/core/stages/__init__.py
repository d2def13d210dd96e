"""What a filter does, step by step: what it reads, its kernels, and its map before and after each step."""

from explorer.core.stages.filter_stages import INPUT, FilterStages, filter_stages
from explorer.core.stages.kernels import KERNELS, convolved, parse_kernel

__all__ = ["INPUT", "KERNELS", "FilterStages", "convolved", "filter_stages", "parse_kernel"]
