#!/usr/bin/env python3
"""Makes caller.g729 again: the first 2 s of fixtures/voices/caller.wav in G.729 Annex A, 10 octets each 10 ms.

Needs Debian's libbcg729-0 (no encoder of it is part of ffmpeg). From the repository's root:

    python3 test/interop/recording/vectors/make-g729.py test/interop/recording/vectors/caller.g729
"""
import ctypes
import sys
import wave

library = ctypes.CDLL("libbcg729.so.0")
library.initBcg729EncoderChannel.restype = ctypes.c_void_p
library.bcg729Encoder.argtypes = [ctypes.c_void_p] * 4
encoder = library.initBcg729EncoderChannel(ctypes.c_uint8(0))
pcm = wave.open("fixtures/voices/caller.wav").readframes(16000)
with open(sys.argv[1], "wb") as file:
    for at in range(0, len(pcm), 160):
        samples = ctypes.create_string_buffer(pcm[at : at + 160], 160)
        frame = ctypes.create_string_buffer(10)
        length = ctypes.c_uint8(0)
        library.bcg729Encoder(encoder, samples, frame, ctypes.byref(length))
        file.write(frame.raw[: length.value])
