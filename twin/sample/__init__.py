"""The pilot ward: invented streets and networks as departments deliver them, and the truth beside."""

from twin.sample.folder import SampleSummary, write_sample

__all__ = ["SampleSummary", "write_sample"]
