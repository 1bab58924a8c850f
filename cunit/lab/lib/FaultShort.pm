package FaultShort;
# FaultShort - job F2: reads and writes that do less than they were asked, at random
#
# A point is "OP N": the operation OP with the N-th set of rules that the seed gives.  Files and the
# connection are cut to a few bytes per call, from one call to another or all the time.  The operation
# must succeed, its effect be whole, and what is read under the same rules be what is there.
use strict;
use warnings;
use FaultCalls;
use FaultLab;
use FaultOps;
use FaultProgram;
use FaultState;

my %OP = map { $_->{name} => $_ } @FaultOps::OPS;
my @KINDS = ('WRITE PWRITE WRITEV PWRITEV COPY_RANGE', 'READ PREAD', 'SEND', 'RECV');

# Arm a random set of rules: a few bytes at most for each kind of call, over a range of calls.
sub arm {
    my ($lab, $point) = @_;
    my $rand = FaultLab::random("short $point");
    for my $n (0 .. $#KINDS) {
        my $always = $rand->(2);        # then not byte by byte: the journal alone has a million
        my $from = $always ? 1 : 1 + $rand->(10);
        my $count = $always ? 100 + $rand->(2000) : 1 + $rand->($rand->(2) ? 8 : 500);
        $lab->rule($n, mask => $KINDS[$n], action => 'SHORT', count => $count, from => $from, until => $always ? 0 : $from + $rand->(200));
    }
    $lab->on;
}

sub disarm {
    my ($lab) = @_;
    $lab->off;
    my $fired = 0;
    $fired += $lab->fired($_) for 0 .. $#KINDS;
    return $fired;
}

sub trial {
    my ($w, $point) = @_;
    my ($name) = split ' ', $point;
    my ($tree, $lab, $op) = (@$w{qw(tree lab)}, $OP{$name});
    my $ref = FaultCalls::reference($w, $op);
    arm($lab, $point);
    my $s = eval { FaultOps::session($op, $tree, env => $w->{env}) };
    return [ 'wrong', "no session: $@", disarm($lab) ] unless $s;
    my %reply = FaultOps::perform($op, $s);
    my $fired = disarm($lab);
    my @not = grep { $reply{$_} ne 'yes' } sort keys %reply;
    return [ 'wrong', "not for @not: $op->{words}", $fired ] if @not;
    $s->kill9;
    FaultState::recover($tree);
    my $bad = FaultCalls::judge_state($ref, \%reply, FaultCalls::see($w, $op));
    return [ 'wrong', $bad->[1], $fired ] if $bad;
    arm($lab, $point);
    my $read = FaultOps::picture(FaultState::read($tree, boxes => FaultOps::boxes($op), env => $w->{env}, seconds => 20));
    $fired += disarm($lab);
    $bad = FaultCalls::judge_state($ref, \%reply, $read);
    return [ 'wrong', "read: $bad->[1]", $fired ] if $bad;
    return [ 'right', '', $fired ];
}

sub run {
    my ($population) = @_;
    my @points = map { my $n = $_; map { "$_->{name} $n" } @FaultOps::OPS } 1 .. FaultLab::choose(20, 60, 2_000);
    @points = ($FaultLab::Opt{point}) if $FaultLab::Opt{point};
    my $least = FaultLab::choose(10, 400, 5_000);
    my $time = FaultLab::time_for(FaultLab::choose(8, 120, 3_600), $least);
    my ($tried, $fired, $wrong) = (0, 0, 0);
    FaultLab::spread($FaultLab::Opt{workers}, \@points, sub { FaultCalls::place($population) },
        sub {
            my ($point, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            my $v = trial($w, $point);
            $w->{tree}->restore;
            $say->("$v->[0]|$point|$v->[2]|$v->[1]");
        },
        sub {
            my ($line) = @_;
            my ($category, $point, $n, $words) = split /\|/, $line, 4;
            return FaultLab::worker_error('F2', $line) if !defined $words;
            $tried++;
            $fired += $n;
            return if $category eq 'right';
            $wrong++;
            FaultLab::broken('F2', $point, substr $words, 0, 300);
        });
    FaultLab::bound('F2.operations', $tried, $least, at_least => 1) unless $FaultLab::Opt{point};
    FaultLab::figure('F2.short_calls', $fired);
    FaultLab::bound('F2.wrong', $wrong, 0);
}

1;
