package Lab::Report;
# Lab::Report - figures of a job with their bounds: "RESULT name figure=... bound=..."
use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(result end_results note trouble failed);
our $quiet = 0;                         # planted bugs are not news
my ($failed, %shown) = (0);
use constant { SHOWN => 40, LINES => 12 };      # details of one process

$| = 1;

# One figure.  The bound is a number that it must not pass, ">=n" for one that it must reach, or '-' for none.
sub result {
    my ($name, $figure, $bound) = @_;
    my $good = $bound eq '-' ? 1 : $bound =~ /^>=(.*)/ ? $figure >= $1 : $figure <= $bound;
    print "RESULT $name figure=$figure bound=$bound", ($good ? '' : ' OUT OF BOUND'), "\n";
    $failed++ unless $good;
    return $good;
}

sub note { print '  ', join(' ', @_), "\n" }

# What is wrong at one point, and how to see it again.
sub trouble {
    my ($job, $where, @what) = @_;
    return if $quiet;
    (my $kind = "@what") =~ s{/\S+|\S*\d\S*}{}g;         # the same trouble elsewhere is not news
    return if $shown{"$job $kind"}++ >= 2 || $shown{$job}++ >= SHOWN;
    splice @what, LINES, @what - LINES, '...' if @what > LINES;
    print "  $job: $where\n", map { "      $_\n" } @what;
}

# What outside checkers found, where there are any, and what sanitizers did.
sub end_results {
    my ($name, $sum) = @_;
    result("$name.outside", $sum->{outside} // 0, 0) if $ENV{LAB_CHECKER} || $ENV{HALCYON_ORACLE};
    result("$name.faults", $sum->{faults} // 0, 0);
}

sub failed { return $failed }

1;
