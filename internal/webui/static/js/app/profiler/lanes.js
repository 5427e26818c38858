// @ts-check
// Which lane of the timeline each span is in. Pure.

/** Lanes of a timeline; spans beyond share the last one. */
export const MAX_LANES = 12;

/**
 * Puts spans into lanes in which none overlaps another: in the order of their
 * start, longer ones first, so that what happens within a span is below it.
 * @template {{at: number, end: number}} S
 * @param {readonly S[]} spans @param {number} [most]
 * @returns {{span: S, lane: number}[]} in the order of their start
 */
export function lanes(spans, most = MAX_LANES) {
  const sorted = [...spans].sort((a, b) => a.at - b.at || b.end - a.end);
  /** @type {number[]} */
  const ends = [];
  return sorted.map((span) => {
    let lane = ends.findIndex((end) => end <= span.at);
    if (lane < 0) lane = Math.min(ends.length, most - 1);
    ends[lane] = Math.max(ends[lane] ?? -Infinity, span.end);
    return { span, lane };
  });
}

/** A colour for a kind, always the same. @param {string} kind @param {number} colours */
export function colourOf(kind, colours) {
  let hash = 0;
  for (const c of kind) hash = (hash * 31 + /** @type {number} */ (c.codePointAt(0))) >>> 0;
  return hash % colours;
}
