package FaultMemory;
# FaultMemory - job F3: the n-th request for memory fails
#
# A point is "OP MODE N": request number N (from 1, counted from the greeting: before it nothing was
# promised to anybody) of the process that does OP fails, alone ("one") or with all that follow ("rest").
# The policy is lib/base/mem.h's: a process without memory logs "out of memory" and ends with status 75;
# what it acknowledged stays, what it had begun is undone by the next opener, and others are served.  A library may also report the failure, which is then an ordinary refusal.
#   signal, or a status that is neither 0 nor 75, or 75 without the line in the log     crash
#   the same before the login was done: the SASL library exits and Berkeley DB dies
#   by themselves when they get no memory; nobody was promised anything                 before_login
#   the effect does not fit the answer                                                  harm
use strict;
use warnings;
use Errno qw(ENOMEM);
use Time::HiRes qw(time sleep);
use FaultCalls;
use FaultLab;
use FaultLive;
use FaultOps;
use FaultProgram;
use FaultState;

use constant { EXIT_TEMPFAIL => 75, SERVED_WITHIN => 10, OTHERS_WAIT => 1.0 };
my %OP = map { $_->{name} => $_ } @FaultOps::OPS;

sub place {
    my ($population) = @_;
    my $w = FaultCalls::place($population);
    $w->{env}{LD_PRELOAD} .= ' ' . $w->{lab}->library('liblab_malloc.so');
    return $w;
}

# Was the ending that of the policy?
sub crashed {
    my ($ending, $log, $noise) = @_;
    return $1 if $noise =~ /((?:ERROR: \w+Sanitizer|.*runtime error|BUG:).*)/;
    return '' if $ending eq '' || ($ending eq 'exit ' . EXIT_TEMPFAIL && "$log$noise" =~ /out of memory/i);
    my ($last) = reverse grep { !/^\d login:/ } split /\n/, $log;
    return $ending . ($last ? ", log: $last" : '');
}

sub trial {
    my ($w, $point) = @_;
    my ($name, $mode, $n) = split ' ', $point;
    my ($tree, $lab, $op) = (@$w{qw(tree lab)}, $OP{$name});
    my $ref = FaultCalls::reference($w, $op);
    FaultProgram::logged($tree);
    unlink "$tree->{dir}/stderr";
    $lab->rule(0, mask => 'MALLOC', action => 'ERRNO', error => ENOMEM, from => $n, until => $mode eq 'one' ? $n : 0);
    my ($ending, $ready, %reply) = talk($w, $op);
    $lab->off;
    return [ 'unfired', '' ] unless $lab->fired(0);
    my $words = crashed($ending, FaultProgram::logged($tree), FaultLab::slurp("$tree->{dir}/stderr") // '');
    return [ 'crash', $words ] if $words && $ready;
    FaultState::recover($tree);
    my $bad = FaultCalls::judge_state($ref, \%reply, FaultCalls::see($w, $op));
    return [ 'harm', "$bad->[1] [$op->{words}]" ] if $bad;
    return [ 'before_login', '' ] if $words;
    return [ $ending ? 'ended' : (grep { $_ ne 'yes' } values %reply) ? 'refused' : 'tolerated', '' ];
}

# The whole dialogue, as far as it goes: how the process ended, whether the login was done, the answers.
sub talk {
    my ($w, $op) = @_;
    my $born;
    my %reply = map { $_ => 'gone' } @{ $op->{looks} };
    my $s = eval { FaultOps::session($op, $w->{tree}, env => $w->{env}, keep => \$born, greeted => sub { $w->{lab}->on }) };
    %reply = FaultOps::perform($op, $s) if $s;
    FaultOps::leave($op, $born);
    return ($born->ended(5) // 'hang', $s ? 1 : 0, %reply);
}

# How many requests the operation makes undisturbed.
sub requests {
    my ($w, $op) = @_;
    $w->{lab}->rule(0, mask => 'MALLOC', action => 'COUNT', from => 1, until => 0);
    my $s = FaultOps::session($op, $w->{tree}, env => $w->{env}, greeted => sub { $w->{lab}->on });
    FaultOps::perform($op, $s);
    $w->{lab}->off;
    $s->kill9;
    $w->{tree}->restore;
    return $w->{lab}->counter(0);
}

sub points {
    my ($w) = @_;
    my $rand = FaultLab::random('memory');
    my @points;
    for my $op (@FaultOps::OPS) {
        my $n = requests($w, $op);
        die "F3: no allocation of $op->{name} was seen\n" if !$n;
        push @points, map { "$op->{name} " . ($rand->(3) ? 'one' : 'rest') . " $_" } 1 .. $n;
    }
    return FaultLab::shuffled($rand, @points);
}

# A running server: while the processes of deliveries have no memory a reader is served, and deliveries
# go on afterwards.
sub live {
    my $l = FaultLive->new(where => FaultLab::memory_dir(), libraries => ['liblab_malloc.so']);
    my $rand = FaultLab::random('memory live');
    local $Halcyon::Client::TIMEOUT = 5;
    $l->deliver($l->lmtp, [ 'alice', 'bob' ]);
    my ($longest, $back) = (0, 0);
    for (1 .. FaultLab::choose(3, 20, 200)) {
        my $c = eval { $l->lmtp };
        $l->lab->rule(0, mask => 'MALLOC', action => 'ERRNO', error => ENOMEM, from => 1 + $rand->(800), until => 0, program => 'lmtpd');
        $l->lab->on;
        $l->deliver($c, [ 'alice', 'bob' ]) if $c;
        my $t = time;
        my $read = eval { my $r = $l->instance->imap(user => 'bob'); $r->ok('SELECT INBOX'); $r->ok('FETCH 1:* (BODY.PEEK[])'); 1 };
        my $wait = $read ? time - $t : 999;
        $longest = $wait if $wait > $longest;
        $l->lab->off;
        my $seconds = until_delivered($l);
        $back = $seconds if $seconds > $back;
    }
    $l->instance->kill_all;                     # a start removes what the dead left in the staging directory
    $l->start;
    my ($problems) = $l->check_book;
    my @wrong = (@$problems, $l->finish);
    FaultLab::broken('F3', 'live', $_) for @wrong;
    FaultLab::bound('F3.live.reader_waited', sprintf('%.2f', $longest), OTHERS_WAIT);
    FaultLab::bound('F3.live.seconds_until_delivered', sprintf('%.2f', $back), SERVED_WITHIN);
    FaultLab::bound('F3.live.problems', scalar @wrong, 0);
    FaultLab::check_store('F3', $l->{dir});
}

sub until_delivered {
    my ($l) = @_;
    my $t = time;
    while (time - $t <= SERVED_WITHIN) {
        my %a = eval { $l->deliver($l->lmtp, ['alice']) };
        last if ($a{alice} // '') eq 'yes';
        sleep 0.1;
    }
    return time - $t;
}

sub run {
    my ($population) = @_;
    return FaultLab::skipped('F3', 'programs with AddressSanitizer bring their own malloc') if FaultLab::is_sanitized();
    my @points = $FaultLab::Opt{point} ? ($FaultLab::Opt{point}) : points(place($population));
    my $least = FaultLab::choose(10, 1_500, 10_000);
    my $time = FaultLab::time_for(FaultLab::choose(8, 180, 3_600), $least);
    my (%count, $tried);
    FaultLab::spread($FaultLab::Opt{workers}, \@points, sub { place($population) },
        sub {
            my ($point, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            my $v = trial($w, $point);
            $w->{tree}->restore;
            $say->("$v->[0]|$point|$v->[1]") unless $v->[0] eq 'unfired';
        },
        sub {
            my ($line) = @_;
            my ($category, $point, $words) = split /\|/, $line, 3;
            return FaultLab::worker_error('F3', $line) if !defined $point;
            $tried++;
            $count{$category}++;
            FaultLab::broken('F3', $point, "$category " . substr $words, 0, 300) if $category =~ /crash|harm/;
        });
    FaultLab::bound('F3.points', $tried // 0, $least, at_least => 1) unless $FaultLab::Opt{point};
    live() unless $FaultLab::Opt{point};
    FaultLab::figure("F3.$_", $count{$_} // 0) for qw(ended refused tolerated before_login);
    FaultLab::bound("F3.$_", $count{$_} // 0, 0) for qw(crash harm);
}

1;
