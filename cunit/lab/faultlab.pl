#!/usr/bin/perl
# faultlab.pl - the jobs of tools/faultlab (see there, and doc/laboratories-fault.md)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib", $FindBin::Bin, "$FindBin::Bin/../wire/lib";
use Getopt::Long qw(:config no_ignore_case bundling_override);
use FaultLab;
use FaultOps;
use FaultProgram;
use FaultState;

# Name and module.
my @JOBS = (
    [ F1 => 'FaultCalls' ],
    [ F2 => 'FaultShort' ],
    [ F3 => 'FaultMemory' ],
    [ F4 => 'FaultFull' ],
    [ F5 => 'FaultLimits' ],
    [ F6 => 'FaultFlip' ],
    [ F7 => 'FaultSlow' ],
    [ F8 => 'FaultNet' ],
);

sub usage {
    print STDERR @_, "usage: faultlab [--short|--long] [--seed N] [--workers N] [--keep] [--point POINT] [JOB...|all]\n",
        "JOB is one of @{[ map { $_->[0] } @JOBS ]}\n";
    exit 2;
}

GetOptions('short' => sub { $FaultLab::Opt{form} = 'short' }, 'long' => sub { $FaultLab::Opt{form} = 'long' },
    'seed=i' => \$FaultLab::Opt{seed}, 'workers=i' => \$FaultLab::Opt{workers}, 'keep' => \$FaultLab::Opt{keep},
    'point=s' => \$FaultLab::Opt{point}) or usage();
my @wanted = grep { $_ ne 'all' } @ARGV;
for my $name (@wanted) {
    usage("no job is called '$name'\n") unless grep { $_->[0] eq $name } @JOBS;
}
$FaultLab::Opt{workers} ||= 2;
$FaultLab::Opt{workers} = 1 if $FaultLab::Opt{point};
STDOUT->autoflush(1);
$FaultProgram::LogLibrary = "$Halcyon::Test::Build/cunit/lab/libfaultlog.so";

$FaultLab::Opt{keep} ||= $ENV{HALCYON_KEEP};
my $population = FaultState::populate(FaultLab::memory_dir());
FaultOps::keep_offered($population);
END { FaultLab::drop_all() }

for my $job (@JOBS) {
    my ($name, $module) = @$job;
    next if @wanted && !grep { $_ eq $name } @wanted;
    eval "require $module; 1" or die $@;
    my $t = time;
    eval { $module->can('run')->($population); 1 } or FaultLab::job_died($name, $@);
    FaultLab::figure("$name.seconds", time - $t);
}
print $FaultLab::Failures ? "$FaultLab::Failures figures out of bound\n" : "all figures within their bounds\n";
exit($FaultLab::Failures ? 1 : 0);
