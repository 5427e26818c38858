// @ts-check
// What a line of a log is made of, guessed from the common forms. A guess only
// colours a line; it never hides one unless the person asks for a level.

/** @typedef {'crit' | 'err' | 'warn' | 'info' | 'debug' | ''} Level */

/** Only the beginning of a line is looked at: long lines are data. */
const HEAD_CHARS = 400;

const TIME = /^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\[\s*\d+\.\d+\])\s+/;
const ORIGIN = /^(?:\S+ )?[^\s:[\]]+(?:\[\d+\])?: /;
const STRUCTURED = /(?:^|[\s{,])"?(?:level|lvl|severity|priority|prio)"?\s*[=:]\s*"?([a-z0-9]+)/i;
const PRIORITY = /^<(\d{1,3})>/;
const GLOG = /^([EWIF])\d{4} \d\d:\d\d:\d\d/;
const BRACKETED = /[[(<](emerg|panic|fatal|alert|crit(?:ical)?|err(?:or)?|warn(?:ing)?|notice|info|debug|trace)[\])>]/i;

/** @type {Record<string, Level>} */
const NAMED = {
  emerg: 'crit', panic: 'crit', fatal: 'crit', alert: 'crit', crit: 'crit', critical: 'crit', f: 'crit', dpanic: 'crit',
  err: 'err', error: 'err', e: 'err', eror: 'err', warn: 'warn', warning: 'warn', w: 'warn', wrn: 'warn',
  notice: 'info', info: 'info', i: 'info', inf: 'info', debug: 'debug', trace: 'debug', dbg: 'debug', trc: 'debug',
};
/** Syslog priorities. @type {readonly Level[]} */
const NUMBERED = ['crit', 'crit', 'crit', 'err', 'warn', 'info', 'info', 'debug'];

const HARMLESS = /\b(?:no|0|without|zero) (?:errors?|failures?|warnings?)\b|\b(?:err(?:or)?s?|failures?|failed|warnings?)\s*[=:]\s*(?:0\b|<?nil>?|null|none|false|"")/gi;
const WORDS = /** @type {const} */ ([
  ['crit', /\b(?:emerg(?:ency)?|panic|fatal|crit(?:ical)?|kernel BUG|Oops|out of memory|oom-kill)\b/i],
  ['err', /\b(?:err(?:or)?s?|fail(?:ed|ure|ures|s)?|exception|traceback|segfault|core dumped|refused|denied)\b/i],
  ['warn', /\b(?:warn(?:ing)?s?|deprecated|time[d ]?-?out|retry(?:ing)?|throttl(?:ed|ing)|under-?voltage)\b/i],
  ['debug', /\b(?:debug|trace)\b/i],
]);

/** @param {string} line @returns {Level} empty when nothing tells */
export function levelOf(line) {
  const head = line.slice(0, HEAD_CHARS);
  return declared(head) || guessed(head);
}

/** The level a program states itself. @param {string} head @returns {Level} */
function declared(head) {
  const priority = PRIORITY.exec(head);
  if (priority) return NUMBERED[Number(priority[1]) & 7] ?? '';
  const body = head.replace(TIME, '').replace(ORIGIN, '');
  const glog = GLOG.exec(body);
  if (glog) return NAMED[(glog[1] ?? '').toLowerCase()] ?? '';
  const field = STRUCTURED.exec(body);
  if (field) {
    const name = (field[1] ?? '').toLowerCase();
    return NAMED[name] ?? NUMBERED[Number(name)] ?? '';
  }
  const bracket = BRACKETED.exec(body);
  return bracket ? NAMED[(bracket[1] ?? '').toLowerCase()] ?? '' : '';
}

/** @param {string} head @returns {Level} */
function guessed(head) {
  const text = head.replace(TIME, '').replace(HARMLESS, '');
  for (const [level, pattern] of WORDS) if (pattern.test(text)) return level;
  return '';
}

/** Splits a line into time, origin and message; the first two may be empty. @param {string} line @returns {[string, string, string]} */
export function parts(line) {
  const time = TIME.exec(line)?.[0] ?? '';
  const rest = line.slice(time.length);
  const origin = time ? ORIGIN.exec(rest)?.[0] ?? '' : '';
  return [time, origin, rest.slice(origin.length)];
}

/** How grave a level is, for the level filter. @param {Level} level */
export function gravity(level) {
  return level === 'crit' ? 4 : level === 'err' ? 3 : level === 'warn' ? 2 : level === 'debug' ? 0 : 1;
}
