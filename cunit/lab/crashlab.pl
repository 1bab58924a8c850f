#!/usr/bin/perl
# crashlab.pl - the running part of tools/crashlab (see there and doc/laboratories.md)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin", "$FindBin::Bin/../wire/lib";
use Lab::C1;
use Lab::C2;
use Lab::C3;
use Lab::C5;
use Lab::C6;
use Lab::C7;
use Lab::Planted;
use Lab::Report;

# Seconds of each job: short, long.
my %SECONDS = (C1 => [ 10, 600 ], C2 => [ 18, 1500 ], C3 => [ 22, 1500 ], C4 => [ 10, 120 ], C5 => [ 10, 1800 ], C6 => [ 10, 600 ], C7 => [ 8, 300 ]);

# Short runs see every operation, but only every so many-th point of it.
my %STRIDE = (C1 => 5, C2 => 6, C3 => 8);

my %JOBS = (
    C1 => sub { Lab::C1::run('C1', @_) },
    C2 => sub { Lab::C2::run('C2', @_) },
    C3 => sub { my %o = @_; Lab::C3::run('C3', %o, torn => $o{long} ? 6 : 1) },
    C4 => sub { Lab::C3::run('C4', @_, acks => 1) },
    C5 => sub { Lab::C5::run('C5', @_) },
    C6 => sub { Lab::C6::run('C6', @_) },
    C7 => sub { Lab::C7::run('C7', @_) },
    planted => sub { Lab::Planted::run(@_) },
);
# A long run goes on until it has so many points: together more than 100,000.
my %LEAST = (C1 => 5_000, C2 => 60_000, C3 => 40_000);

sub usage {
    print STDERR "usage: crashlab [--short|--long] [--seed N] [--seconds N] [--op PATTERN] [--variant NAME] [--planted PATTERN] [--conf OPTION=VALUE]... [JOB...|all|planted|list]\n";
    exit 64;
}

sub list {
    print "jobs: @{[ sort keys %JOBS ]}\noperations:\n", map({ "  $_->[0]\n" } @Lab::Ops::OPS), "planted bugs:\n",
        map { sprintf "  %-36s %s  %s\n", @$_[ 0, 1, 4 ] } @Lab::Planted::BUGS;
    exit 0;
}

my (%o, @jobs);
my %take = ('--seed' => 'seed', '--seconds' => 'seconds', '--op' => 'ops', '--variant' => 'variant', '--planted' => 'only');
while (defined(my $word = shift @ARGV)) {
    if ($word eq '--short') { $o{long} = 0 }
    elsif ($word eq '--long') { $o{long} = 1 }
    elsif ($word eq '--conf') {
        my ($option, $value) = split /=/, shift(@ARGV) // usage(), 2;
        $o{conf}{$option} = $value // usage();
    }
    elsif ($take{$word}) { $o{ $take{$word} } = shift @ARGV // usage() }
    elsif ($word eq 'all') { push @jobs, grep { /^C/ } sort keys %JOBS }
    elsif ($word eq 'list') { list() }
    elsif ($JOBS{$word}) { push @jobs, $word }
    else { usage() }
}
$o{seed} //= 1;
usage() if $o{seed} !~ /^[1-9]\d*$/;
$o{ops} = qr/$o{ops}/ if defined $o{ops};
$o{only} = qr/$o{only}/ if defined $o{only};
$o{variants} = [ $o{variant} ] if defined $o{variant};
@jobs = grep { /^C/ } sort keys %JOBS unless @jobs;
for my $job (@jobs) {
    my $seconds = $o{seconds} // ($SECONDS{$job} ? $SECONDS{$job}[ $o{long} ? 1 : 0 ] : 0);
    $JOBS{$job}->(%o, seconds => $seconds, $o{long} || $o{ops} ? () : (stride => $STRIDE{$job}), $o{long} && !$o{seconds} && $LEAST{$job} ? (least => $LEAST{$job}) : ());
}
exit(Lab::Report::failed() ? 1 : 0);
