"""The three charts of a report, as inline SVG: lines, a reliability diagram, a confusion matrix.

Colours are variables of the page, so that they follow light and dark; every mark has a title that says its
numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 14, 40
_SERIES = ("var(--one)", "var(--two)", "var(--three)", "var(--four)", "var(--five)")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4")


def lines(series: Mapping[str, Sequence[tuple[float, float]]], x_name: str, y_name: str) -> str:
    """One line a series of ``(x, y)``, with a legend below."""
    points = [point for row in series.values() for point in row]
    if not points:
        return "<p>Nothing was measured.</p>"
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_ticks, y_ticks = _ticks(min(xs), max(xs), least=1.0), _ticks(min(ys), max(ys))
    body = _axes(x_ticks, y_ticks, x_name, y_name)
    legend = []
    for i, (name, row) in enumerate(series.items()):
        colour, dash = _SERIES[i % len(_SERIES)], _DASHES[i % len(_DASHES)]
        path = " ".join(f"{_x(x, x_ticks):.1f},{_y(y, y_ticks):.1f}" for x, y in row)
        body += f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        for x, y in row:
            title = f"<title>{escape(name)}: {y:.4g} at {x_name} {x:g}</title>"
            at = f'cx="{_x(x, x_ticks):.1f}" cy="{_y(y, y_ticks):.1f}"'
            body += f'<circle {at} r="3" fill="{colour}">{title}</circle>'
        key = f'<svg width="28" height="10" aria-hidden="true"><line x1="0" y1="5" x2="28" y2="5" stroke="{colour}" '
        legend.append(f'<span>{key}stroke-width="2" stroke-dasharray="{dash}"/></svg> {escape(name)}</span>')
    return _svg(body, f"{y_name} by {x_name}") + f'<p class="key">{" ".join(legend)}</p>'


def reliability(bins: Mapping[str, Sequence[tuple[float, float, int]]]) -> str:
    """Accuracy by confidence, a series a system; the size of a dot is how many spans it stands for."""
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    body = _axes(ticks, ticks, "confidence", "share that is right")
    ends = f'x1="{_x(0, ticks)}" y1="{_y(0, ticks)}" x2="{_x(1, ticks)}" y2="{_y(1, ticks)}"'
    body += f'<line {ends} stroke="var(--quiet)" stroke-width="1.5" stroke-dasharray="5 4"/>'
    most = max((n for rows in bins.values() for _, _, n in rows), default=1)
    legend = []
    for i, (name, rows) in enumerate(bins.items()):
        colour = _SERIES[i % len(_SERIES)]
        for confidence, right, n in rows:
            title = (
                f"<title>{escape(name)}: {n} spans of confidence {confidence:.2f}, {right:.0%} right</title>"
            )
            radius = 3 + 9 * (n / most) ** 0.5
            body += (
                f'<circle cx="{_x(confidence, ticks):.1f}" cy="{_y(right, ticks):.1f}" r="{radius:.1f}" '
                f"{_dot(i, len(bins), colour)}>{title}</circle>"
            )
        legend.append(
            f'<span><svg width="14" height="14" aria-hidden="true"><circle cx="7" cy="7" r="5" '
            f"{_dot(i, len(bins), colour)}/></svg> {escape(name)}</span>"
        )
    return _svg(body, "reliability diagram") + f'<p class="key">{" ".join(legend)}</p>'


def _dot(i: int, many: int, colour: str) -> str:
    """The last series is filled, those before it are rings: told apart without colours too."""
    opacity = 0.5 if i == many - 1 else 0
    return f'fill="{colour}" fill-opacity="{opacity}" stroke="{colour}" stroke-width="2"'


def confusion(counts: Mapping[tuple[str, str], int], labels: Sequence[str]) -> str:
    """A table of gold (rows) against predicted (columns), shaded by the share of its row."""
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    rows = []
    for gold in labels:
        total = sum(counts.get((gold, other), 0) for other in labels)
        cells = []
        for other in labels:
            n = counts.get((gold, other), 0)
            share = n / total if total else 0.0
            cells.append(
                f'<td style="--share: {share:.2f}" class="shade">{n}<small> {share:.0%}</small></td>'
            )
        rows.append(f'<tr><th scope="row">{escape(gold)}</th>{"".join(cells)}</tr>')
    caption = "<caption>gold down, predicted across; shares are of the row</caption>"
    table = f"{caption}<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide"><table>{table}</table></div>'


def _svg(body: str, name: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(name)}" class="chart">{body}</svg>'


def _axes(x_ticks: Sequence[float], y_ticks: Sequence[float], x_name: str, y_name: str) -> str:
    out = []
    for x in x_ticks:
        at = _x(x, x_ticks)
        out.append(
            f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{_HEIGHT - _BOTTOM}" stroke="var(--grid)"/>'
        )
        out.append(f'<text x="{at:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle">{x:,.10g}</text>')
    for y in y_ticks:
        at = _y(y, y_ticks)
        out.append(
            f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="var(--grid)"/>'
        )
        out.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{y:,.10g}</text>')
    middle = (_HEIGHT - _BOTTOM + _TOP) / 2
    out.append(
        f'<text x="{(_WIDTH + _LEFT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>'
    )
    out.append(
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(y_name)}</text>'
    )
    return "".join(out)


def _x(value: float, ticks: Sequence[float]) -> float:
    return _LEFT + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, ticks: Sequence[float]) -> float:
    return _HEIGHT - _BOTTOM - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (_HEIGHT - _TOP - _BOTTOM)


def _ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Round numbers from below ``low`` to above ``high``, five or so, ``least`` or more apart.

    A range that is nothing, or tiny beside its numbers, is widened: noise is not drawn as a mountain.
    """
    span = max(high - low, abs(high) * 0.02) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    size = max(least, next(power * factor for factor in (1, 2, 5, 10) if power * factor >= span / 5))
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [round(i * size, 12) for i in range(first, max(last, first + 1) + 1)]
