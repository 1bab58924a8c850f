#!/usr/bin/env python3
"""Write fold_tables.inc: search forms of all characters, from Python's Unicode data.

usage: fold_tables.py > fold_tables.inc

Form of a character: compatibility decomposition, full case folding, decomposition again
until nothing changes.  Hangul syllables are left to fold.c.  Blocks of 128 characters that
change nothing share block 0.
"""
import sys
import unicodedata

BLOCK = 128
LAST = 0x20000 + 0xFA20


def form(cp):
    old, new = None, chr(cp)
    while new != old:
        old = new
        new = unicodedata.normalize('NFKD', new).casefold()
    return new


def rows(numbers, width, per_line):
    for i in range(0, len(numbers), per_line):
        yield '    ' + ' '.join(f'{n:>{width}},' for n in numbers[i:i + per_line])


pool, offsets = bytearray(b'\0'), {'': 0}
blocks, numbers, index = [[0] * BLOCK], {tuple([0] * BLOCK): 0}, []
for base in range(0, LAST, BLOCK):
    block = []
    for cp in range(base, base + BLOCK):
        text = chr(cp)
        if 0xD800 <= cp <= 0xDFFF or 0xAC00 <= cp <= 0xD7A3:
            folded = text
        else:
            folded = form(cp)
        if folded == text:
            block.append(0)
            continue
        if folded not in offsets:
            data = folded.encode()
            offsets[folded] = len(pool)
            pool += bytes([len(data)]) + data
        block.append(offsets[folded])
    key = tuple(block)
    if key not in numbers:
        numbers[key] = len(blocks)
        blocks.append(block)
    index.append(numbers[key])
assert len(pool) < 65536 and len(blocks) < 256

marks = []
for cp in range(0x300, 0x20000):
    if unicodedata.combining(chr(cp)) >= 10:
        if marks and marks[-1][1] == cp - 1:
            marks[-1][1] = cp
        else:
            marks.append([cp, cp])

out = sys.stdout.write
out(f'/* fold_tables.inc - made by fold_tables.py from Unicode {unicodedata.unidata_version} */\n')
out(f'enum {{ FOLD_LAST = {len(index) * BLOCK} }};\n\n')
out('static const uint8_t fold_index[] = {\n' + '\n'.join(rows(index, 3, 18)) + '\n};\n\n')
out(f'static const uint16_t fold_blocks[][{BLOCK}] = {{\n')
for block in blocks:
    out('  {\n' + '\n'.join(rows(block, 5, 14)) + '\n  },\n')
out('};\n\n/* length, bytes */\n')
out('static const uint8_t fold_pool[] = {\n' + '\n'.join(rows(list(pool), 3, 20)) + '\n};\n\n')
out('static const struct mark_range {\n    uint32_t first, last;\n} mark_ranges[] = {\n')
for i in range(0, len(marks), 4):
    out('    ' + ' '.join(f'{{ {a:#x}, {b:#x} }},' for a, b in marks[i:i + 4]) + '\n')
out('};\n')
