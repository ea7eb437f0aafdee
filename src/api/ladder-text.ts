import type { LadderMessageView, LadderView } from './ladder-view.ts';
import { printable } from './printable.ts';

/** Width of the space between two of the lines that stand for PBX, Onrecord and trunk. */
const gap = 32;
const timeWidth = 12;
/** Columns of a label, arrow and dashes aside. */
const labelWidth = gap - 6;

/** A ladder for a terminal, in ASCII but for what the parties wrote. */
export function ladderText(view: LadderView, withMessages: boolean): string {
  const lines = [...heading(view), '', ...columns(view)];
  view.messages.forEach((message, i) => {
    if (view.resumesAt === i) lines.push(skippedLine(view.skipped));
    lines.push(rung(message, i + 1));
  });
  if (view.resumesAt === view.messages.length) lines.push(skippedLine(view.skipped));
  if (!view.over) lines.push('', 'More messages may come.');
  if (withMessages) view.messages.forEach((message, i) => lines.push('', ...whole(message, i + 1)));
  return `${lines.join('\n')}\n`;
}

function heading({ callId, legs, messages }: LadderView): string[] {
  const [first] = messages;
  return [
    `Call ${printable(callId)}${first === undefined ? '' : `  ${first.at}`}`,
    ...legs.map(
      ({ party, peerId, sipCallId }) =>
        `${party}  ${printable(peerId)}  Call-ID ${cut(printable(sipCallId), 200)}`,
    ),
  ];
}

function columns({ legs }: LadderView): string[] {
  const peers = (party: 'caller' | 'callee'): string =>
    cut(
      [...new Set(legs.filter((leg) => leg.party === party).map(({ peerId }) => printable(peerId)))].join(
        ' / ',
      ),
      gap,
    );
  const names = [peers('caller'), 'Onrecord', peers('callee')];
  const row = names.reduce((line, name, i) => line.padEnd(place(i) - Math.floor(name.length / 2)) + name, '');
  return [row, bars(' '.repeat(gap - 1), ' '.repeat(gap - 1))];
}

/** Where a column's line stands. */
function place(column: number): number {
  return timeWidth + 2 + column * gap;
}

function bars(left: string, right: string, time = ''): string {
  return `${time.padStart(timeWidth)}  |${left}|${right}|`;
}

function skippedLine(count: number): string {
  return `${'...'.padStart(timeWidth)}  ${count} messages that were not kept`;
}

function rung(message: LadderMessageView, number: number): string {
  const { party, direction, remote, transport, offsetMs, cut: isCut } = message;
  // The caller is on the left of us, the callee on the right.
  const rightwards = (party === 'caller') === (direction === 'received');
  const drawn = arrow(labelOf(message), rightwards);
  const empty = ' '.repeat(gap - 1);
  const time = `+${(offsetMs / 1000).toFixed(3)}`;
  const line = party === 'caller' ? bars(drawn, empty, time) : bars(empty, drawn, time);
  return `${line}  ${number}  ${printable(transport)} ${printable(remote)}${isCut ? '  cut' : ''}`;
}

function labelOf({ startLine, cseq, body, retransmission }: LadderMessageView): string {
  const isResponse = /^SIP\/2\.0 /i.test(startLine);
  const method = cseq === null ? '' : cseq.replace(/^\d+\s+/, '');
  const name = isResponse ? startLine.slice('SIP/2.0 '.length) : (startLine.split(' ', 1)[0] ?? '');
  const notes = [
    ...(isResponse && method !== 'INVITE' ? [printable(method)] : []),
    ...(/^v=/m.test(body) ? ['SDP'] : []),
    ...(retransmission ? ['again'] : []),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  return cut(printable(name), Math.max(8, labelWidth - note.length)) + note;
}

function arrow(label: string, rightwards: boolean): string {
  const text = ` ${cut(label, labelWidth)} `;
  const dashes = gap - 2 - text.length;
  const before = Math.floor(dashes / 2);
  const line = `${'-'.repeat(before)}${text}${'-'.repeat(dashes - before)}`;
  return rightwards ? `${line}>` : `<${line}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}~`;
}

/** One message; what came from outside stands behind a bar, so that no line of it can be taken for one of ours. */
function whole(message: LadderMessageView, number: number): string[] {
  const { at, direction, remote, transport, sizeBytes, startLine, headers, body, cut: isCut } = message;
  const where = `${direction} ${direction === 'received' ? 'from' : 'to'} ${transport} ${remote}`;
  const size = `${sizeBytes} bytes${isCut ? ', not all kept' : ''}`;
  return [
    `${number}  ${at}  ${printable(where)}  ${size}`,
    ...[startLine, ...headers.split('\r\n'), ...(body === '' ? [] : ['', ...body.split(/\r?\n/)])].map(
      (line) => `  | ${printable(line)}`,
    ),
  ];
}
