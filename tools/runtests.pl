#!/usr/bin/perl
# runtests.pl - the running and counting part of tools/runtests (see there)
use strict;
use warnings;
use POSIX qw(strftime);
use TAP::Parser;
use Time::HiRes qw(time);

my ($src, $build) = @ENV{qw(HALCYON_SRCDIR HALCYON_BUILDDIR)};
die "runtests.pl: start it through tools/runtests\n" unless $src && $build;
my @names = @ARGV;
my ($passed, $failed) = (0, 0);
my @bad;
# What ran, when, and how many failed: for tools/capabilities.  Later lines hold.
open my $results, '>>', "$build/results" or die "$build/results: $!";

$ENV{ASAN_OPTIONS} ||= 'detect_leaks=1:abort_on_error=0:exitcode=99';
$ENV{UBSAN_OPTIONS} ||= 'print_stacktrace=1:halt_on_error=1';

sub wanted {
    my ($what) = @_;
    return 1 unless @names;
    return scalar grep { index($what, $_) >= 0 } @names;
}

sub report {
    my ($what, $ok, $not_ok, $seconds, $detail) = @_;
    $passed += $ok;
    $failed += $not_ok;
    push @bad, $what if $not_ok;
    printf {$results} "%s %s %d\n", strftime('%Y-%m-%d', localtime), $what, $not_ok;
    printf "%-44s %5d passed %3d failed  %6.1f s\n", $what, $ok, $not_ok, $seconds;
    print $detail if $not_ok && defined $detail;
}

# The order of includes follows the plan.
sub layers {
    return unless wanted('check-layers');
    my $t = time;
    my $out = qx{"$src/tools/check-layers" "$src/doc/layout.md" "$src" 2>&1};
    report('check-layers', $? ? 0 : 1, $? ? 1 : 0, time - $t, $out);
}

# Unit programs and fuzz corpora: one line "UNIT|FUZZ n passed, m failed" each.
sub unit {
    my ($path) = @_;
    my $t = time;
    my $out = qx{cd "$build" && timeout 600 "./$path" 2>&1};
    my $status = $?;
    my ($ok, $not_ok) = $out =~ /^(?:UNIT|FUZZ) (\d+) (?:passed|inputs), (\d+) failed/m;
    if (!defined $ok) { ($ok, $not_ok) = (0, 1) }
    elsif ($status && !$not_ok) { $not_ok = 1 }
    my @lines = split /\n/, $out;
    my @failures = grep { /had failures|^\s+\d+\. / } @lines > 60 ? @lines[ 0 .. $#lines - 60 ] : ();
    splice @failures, 40 if @failures > 40;
    splice @lines, 0, @lines - 60, @failures if @lines > 60;
    report($path, $ok, $not_ok, time - $t, join '', map { "    $_\n" } @lines);
}

sub units {
    open my $fh, '<', "$build/check-programs" or die "$build/check-programs: $!";
    my @list = map { split ' ' } <$fh>;
    close $fh;
    unit($_) for grep { wanted($_) } sort @list;
}

# Test scripts: TAP, one process each.
sub script {
    my ($path) = @_;
    my $t = time;
    my ($ok, $not_ok, @lines) = (0, 0);
    my $parser = TAP::Parser->new({ exec => [ 'timeout', '600', 'perl', '-I', "$src/cunit/wire/lib", $path ], merge => 1 });
    while (my $r = $parser->next) {
        push @lines, '    ' . $r->as_string . "\n";
        next unless $r->is_test;
        if ($r->is_ok) { $ok++ } else { $not_ok++ }
    }
    $not_ok ||= 1 if $parser->has_problems || $parser->exit;
    (my $name = $path) =~ s{^\Q$src\E/cunit/}{};
    @lines = grep { !/^\s*ok \d/ } @lines if @lines > 80;        # what went well is not looked for
    splice @lines, 0, @lines - 80 if @lines > 80;
    report($name, $ok, $not_ok, time - $t, join '', @lines);
}

layers();
units();
script($_) for grep { wanted($_) } sort(glob("$src/cunit/wire/*.t")), sort(glob("$src/cunit/clients/*.t")),
    sort(glob("$src/cunit/lab/*.t"));
print "failed: @bad\n" if @bad;
print "no test has the name '@names'\n" if @names && !$passed && !$failed;
$failed ||= 1 if !$passed;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);
