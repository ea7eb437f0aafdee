import { type CFunction, cLibrary, type CLibrary } from '../kernel/c-library.ts';

/** The system calls that a port of many sockets is made of. Pointers are addresses; -1 is a failure. */
export interface SystemCalls {
  readonly library: CLibrary;
  /** Where an event's own number stands in a `struct epoll_event`, and how far events are apart, bytes. */
  readonly eventData: number;
  readonly eventBytes: number;
  readonly socket: CFunction;
  readonly bind: CFunction;
  readonly close: CFunction;
  readonly epollCreate: CFunction;
  readonly epollControl: CFunction;
  readonly epollWait: CFunction;
  readonly receive: CFunction;
  readonly send: CFunction;
  readonly clockTime: CFunction;
}

/** `linux/eventpoll.h`: packed on x86-64 alone. */
const eventLayouts: Readonly<Record<string, { readonly eventData: number; readonly eventBytes: number }>> = {
  x64: { eventData: 4, eventBytes: 12 },
  arm64: { eventData: 8, eventBytes: 16 },
};

let found: SystemCalls | null | undefined;

/** Null: not on this system. */
export function systemCalls(): SystemCalls | null {
  if (found === undefined) found = declareCalls(cLibrary(), process.arch);
  return found;
}

function declareCalls(library: CLibrary | null, architecture: string): SystemCalls | null {
  const layout = eventLayouts[architecture];
  if (library === null || layout === undefined) return null;
  return {
    library,
    ...layout,
    socket: library.declare('int socket(int, int, int)'),
    bind: library.declare('int bind(int, uintptr_t, uint32_t)'),
    close: library.declare('int close(int)'),
    epollCreate: library.declare('int epoll_create1(int)'),
    epollControl: library.declare('int epoll_ctl(int, int, int, uintptr_t)'),
    epollWait: library.declare('int epoll_wait(int, uintptr_t, int, int)'),
    receive: library.declare('int64_t recvmsg(int, uintptr_t, int)'),
    send: library.declare('int64_t sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)'),
    clockTime: library.declare('int clock_gettime(int, uintptr_t)'),
  };
}
