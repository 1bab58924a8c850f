#!/usr/bin/perl
# fold_tables.pl > fold_tables.inc - search forms of all characters, from Perl's Unicode data
#
# Form of a character: compatibility decomposition, full case folding, decomposition again until
# nothing changes.  Hangul syllables are left to fold.c.  Blocks of 128 characters that change
# nothing share block 0.
use strict;
use warnings;
use feature 'fc';
use Unicode::Normalize qw(NFKD getCombinClass);
use Unicode::UCD;

use constant { BLOCK => 128, LAST => 0x20000 + 0xFA20 };
no warnings qw(surrogate nonchar);

sub form {
    my ($text) = @_;
    my $old = '';
    while ($text ne $old) {
        $old = $text;
        $text = fc NFKD($text);
    }
    return $text;
}

sub rows {
    my ($width, $per_line, @n) = @_;
    my @lines;
    push @lines, '    ' . join ' ', map { sprintf "%${width}d,", $_ } splice @n, 0, $per_line while @n;
    return join "\n", @lines;
}

my ($pool, %offset) = ("\0", '' => 0);
my @blocks = ([ (0) x BLOCK ]);
my (%number, @index) = (join(',', (0) x BLOCK) => 0);
for (my $base = 0; $base < LAST; $base += BLOCK) {
    my @block;
    for my $cp ($base .. $base + BLOCK - 1) {
        my $plain = ($cp >= 0xD800 && $cp <= 0xDFFF) || ($cp >= 0xAC00 && $cp <= 0xD7A3);
        my $folded = $plain ? chr $cp : form(chr $cp);
        if ($folded eq chr $cp) { push @block, 0; next }
        if (!exists $offset{$folded}) {
            my $data = $folded;
            utf8::encode($data);
            $offset{$folded} = length $pool;
            $pool .= chr(length $data) . $data;
        }
        push @block, $offset{$folded};
    }
    my $key = join ',', @block;
    if (!exists $number{$key}) {
        $number{$key} = @blocks;
        push @blocks, \@block;
    }
    push @index, $number{$key};
}
die 'tables are too large' if length $pool > 65535 || @blocks > 255;

my @marks;
for my $cp (0x300 .. 0x1FFFF) {
    next if ($cp >= 0xD800 && $cp <= 0xDFFF) || getCombinClass($cp) < 10;
    if (@marks && $marks[-1][1] == $cp - 1) { $marks[-1][1] = $cp }
    else { push @marks, [ $cp, $cp ] }
}

printf "/* fold_tables.inc - made by fold_tables.pl from Unicode %s */\n", Unicode::UCD::UnicodeVersion();
printf "enum { FOLD_LAST = %d };\n\n", @index * BLOCK;
print "static const uint8_t fold_index[] = {\n", rows(3, 18, @index), "\n};\n\n";
printf "static const uint16_t fold_blocks[][%d] = {\n", BLOCK;
print "  {\n", rows(5, 14, @$_), "\n  },\n" for @blocks;
print "};\n\n/* length, bytes */\nstatic const uint8_t fold_pool[] = {\n", rows(3, 20, map { ord } split //, $pool), "\n};\n\n";
print "static const struct mark_range {\n    uint32_t first, last;\n} mark_ranges[] = {\n";
print '    ', join(' ', map { sprintf '{ %#x, %#x },', @$_ } splice @marks, 0, 4), "\n" while @marks;
print "};\n";
