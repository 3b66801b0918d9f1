"""Probabilities in words: the assumption they rest on, and how a figure is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.clash.accuracy import Wording, read_accuracies

if TYPE_CHECKING:
    from twin.clash.chance import Chance

# Beyond these a figure would promise more than the assumption does.
_LEAST, _MOST = 0.001, 0.999


def assumption() -> Wording:
    """What every probability of a report rests on."""
    table = read_accuracies()
    source, share = table.confidence_source, f"{table.confidence:.0%}"
    return Wording(
        en="Probabilities take positions to be off by independent normal errors in plan and in height, the accuracy"
        f" being the bound of {share} in each direction ({source.en}); the bottom at its deepest reading. 'In plan' is"
        " that it lies within reach, for its depth is not known. A small probability makes nothing clear.",
        vi="Xác suất giả định sai số vị trí theo mặt bằng và độ cao là ngẫu nhiên chuẩn, độc lập; sai số công bố là"
        f" giới hạn {share} theo mỗi phương ({source.vi}); đáy hố lấy ở mức sâu nhất. 'Trên mặt bằng' là xác suất nằm"
        " trong tầm ảnh hưởng khi chưa biết độ sâu. Xác suất nhỏ không có nghĩa là an toàn.",
    )


def tell_chance(chance: Chance) -> Wording:
    """The figure in per cent, and that it is of the plan only where it is."""
    value = chance.value
    figure = (
        "< 0.1 %" if value < _LEAST else "> 99.9 %" if value > _MOST else f"{value * 100:.{1 if value < 0.1 else 0}f} %"
    )
    if chance.scope == "plan":
        return Wording(en=f"{figure} in plan", vi=f"{figure.replace('.', ',')} trên mặt bằng")
    return Wording(en=figure, vi=figure.replace(".", ","))
