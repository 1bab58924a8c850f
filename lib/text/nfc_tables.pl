#!/usr/bin/perl
# nfc_tables.pl > nfc_tables.inc - canonical forms of all characters, from Perl's Unicode data
#
# Decompositions are whole ones; a pair composes when its composite is no exclusion.  Hangul
# syllables are left to nfc.c.
use strict;
use warnings;
use Unicode::Normalize qw(NFC NFD getCanon getCombinClass getComposite);
use Unicode::UCD;

no warnings qw(surrogate nonchar);
my (@decomp, @pairs, @classes);
my ($run_from, $run_to, $run_class) = (0, 0, 0);

sub end_run { push @classes, sprintf '    { 0x%X, 0x%X, %d },', $run_from, $run_to, $run_class if $run_class }

for my $cp (0 .. 0x2FFFF, 0xE0000 .. 0xE0FFF) {
    next if ($cp >= 0xD800 && $cp <= 0xDFFF) || ($cp >= 0xAC00 && $cp <= 0xD7A3);
    my $class = getCombinClass($cp);
    if ($class != $run_class || $cp != $run_to + 1) {
        end_run();
        ($run_from, $run_class) = ($cp, $class);
    }
    $run_to = $cp;
    my $canon = getCanon($cp) // next;
    my @to = map { ord } split //, $canon;
    die sprintf 'U+%X: too long', $cp if @to > 4;
    push @decomp, sprintf '    { 0x%X, { %s } },', $cp, join ', ', map { sprintf '0x%X', $_ } @to;
    next if NFC(chr $cp) ne chr $cp;
    my $head = NFC(join '', map { chr } @to[ 0 .. $#to - 1 ]);
    my $whole = length $head == 1 ? getComposite(ord $head, $to[-1]) : undef;
    die sprintf 'U+%X: no pair', $cp if !defined $whole || $whole != $cp;
    push @pairs, [ ord $head, $to[-1], $cp ];
}
end_run();
@pairs = map { sprintf '    { 0x%X, 0x%X, 0x%X },', @$_ } sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @pairs;

printf "/* nfc_tables.inc - made by nfc_tables.pl from Unicode %s */\n", Unicode::UCD::UnicodeVersion();
print "static const struct { uint32_t cp, to[4]; } nfc_decomp[] = {\n", map({ "$_\n" } @decomp), "};\n\n";
print "static const struct { uint32_t a, b, cp; } nfc_pairs[] = {\n", map({ "$_\n" } @pairs), "};\n\n";
print "static const struct { uint32_t from, to; uint8_t ccc; } nfc_classes[] = {\n", map({ "$_\n" } @classes), "};\n";
