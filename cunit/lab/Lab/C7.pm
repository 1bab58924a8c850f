package Lab::C7;
# Lab::C7 - the clock jumps while the server runs: a day ahead, a day back, a second back
#
# The processes run under libfaketime, which reads the offset from a file before each use.  As with a real
# clock that is set, only the time of day moves; the monotonic clock goes on.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time);
use Time::Local qw(timegm);
use Lab::Ops;
use Lab::Report qw(result end_results note trouble);
use Lab::World;

my @STEPS = ('+0', '+1d', '+0', '-1d', '+0', '-1', '-2', '+1d', '-1d', '+0');
my %SECONDS = ('+0' => 0, '+1d' => 86400, '-1d' => -86400, '-1' => -1, '-2' => -2);
my @MONTHS = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
my %MONTH = map { $MONTHS[$_] => $_ } 0 .. $#MONTHS;

sub _library {
    my ($found) = grep { -e } glob('/usr/lib/*/faketime/libfaketime.so.1'), '/usr/lib/faketime/libfaketime.so.1';
    return $found;
}

# libfaketime leaves a few bytes of shared memory behind for each process that was killed.
sub _left_in_memory { return glob '/dev/shm/faketime_shm_* /dev/shm/sem.faketime_sem_*' }

sub _sweep {
    my (@known) = @_;
    my %known = map { $_ => 1 } @known;
    select undef, undef, undef, 0.3;            # the last of them are just ending
    unlink grep { !$known{$_} && /_(\d+)\z/ && !-e "/proc/$1" } _left_in_memory();
}

sub run {
    my ($name, %o) = @_;
    my $library = _library();
    if (!$library) { note("$name: skipped, there is no libfaketime (package faketime)"); return {} }
    my @known = _left_in_memory();
    my $w = Lab::World->new(plain => 1, nostart => 1, conf => { imapidlepoll => 1 });
    my $file = "$w->{i}{dir}/clock";
    my $set = sub { open my $fh, '>', "$file.new" or die "$file: $!"; print {$fh} "$_[0]\n"; close $fh; chmod 0644, "$file.new"; rename "$file.new", $file };
    $set->('+0');
    {
        local @ENV{qw(FAKETIME_TIMESTAMP_FILE FAKETIME_NO_CACHE FAKETIME_DONT_FAKE_MONOTONIC DONT_FAKE_MONOTONIC)} = ($file, 1, 1, 1);
        local $ENV{LD_PRELOAD} = $library;
        local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (), 'verify_asan_link_order=0';
        $w->start;
        $w->populate;
        my %sum = map { $_ => 0 } qw(steps wrong dates timers);
        my $deadline = time + $o{seconds};
        for my $round (1 .. ($o{long} ? 20 : 1)) {
            for my $n (0 .. $#STEPS) {
                last if time > $deadline;
                _step($name, \%sum, $w, $set, $STEPS[$n], $n, \%o);
            }
        }
        $w->kill_all;
        $set->('-1d');                          # and a start with a clock that is behind its own files
        $w->start;
        my @bad = $w->check;
        trouble($name, 'start a day earlier', @bad) if @bad;
        $sum{wrong} += @bad;
        push @{ $w->{problems} }, 'see above' if $sum{wrong} || $sum{dates} || $sum{timers};
        my %end = $w->finish;
        _sweep(@known);
        result("$name.steps", $sum{steps}, $o{least} ? ">=$o{least}" : '-');
        result("$name.wrong", $sum{wrong}, 0);          # UID, UIDVALIDITY, MODSEQ backwards; anything lost
        result("$name.internaldate", $sum{dates}, 0);
        result("$name.timers", $sum{timers}, 0);
        end_results($name, \%end);
        return \%sum;
    }
}

# The clock is set while a client waits and others hold sessions; then everything is done once.
sub _step {
    my ($name, $sum, $w, $set, $step, $n, $o) = @_;
    my $idle = $w->{i}->imap(user => $Lab::World::ALICE);
    $idle->ok('SELECT INBOX');
    $idle->send("i IDLE\r\n");
    $idle->response;
    $set->($step);
    $sum->{steps}++;
    my $id = $w->fresh_id;
    $w->{i}->fill($Lab::World::ALICE, Lab::World::message($id));
    if (!_is_told($idle)) {
        $sum->{timers}++;
        trouble($name, "step $n to $step: IDLE", 'a new message was not told within 10 s');
    }
    $idle->close;
    my $seen = $w->observe;
    $w->adopt($seen) unless grep { /UID|MODSEQ/i } Lab::World::_backwards($w->{seen}, $seen);
    _check_date($name, $sum, $w, $id, $step, $n);
    for my $row (@Lab::Ops::OPS) {
        $w->tidy;
        my $op = $row->[1]->($w) or next;
        my $why = Lab::Ops::perform($op);
        my @bad = ($why ? $why : (), $w->check(@{ $op->{parts} }));
        next unless @bad;
        $sum->{wrong} += @bad;
        trouble($name, "step $n to $step, $row->[0]", @bad);
    }
}

sub _is_told {
    my ($c) = @_;
    local $Halcyon::Client::TIMEOUT = 10;
    return eval { while (1) { last if $c->response =~ /EXISTS/ } 1 };
}

# INTERNALDATE is what the server's clock said.
sub _check_date {
    my ($name, $sum, $w, $id, $step, $n) = @_;
    my %uid = $w->uids("user.$Lab::World::ALICE");
    my $c = $w->{i}->imap(user => $Lab::World::ALICE);
    $c->ok('EXAMINE INBOX');
    my ($line) = grep { /INTERNALDATE/ } $c->ok("UID FETCH $uid{$id} INTERNALDATE");
    $c->logout;
    my ($d, $mon, $y, $h, $m, $s, $sign, $zh, $zm) = $line =~ /"([ \d]\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"/
        or do { $sum->{dates}++; return trouble($name, "step $n to $step", "no date in $line") };
    my $t = timegm($s, $m, $h, $d, $MONTH{$mon}, $y) - ($sign . 1) * ($zh * 3600 + $zm * 60);
    my $off = $t - (time + $SECONDS{$step});
    return if abs $off <= 5;
    $sum->{dates}++;
    trouble($name, "step $n to $step", sprintf 'INTERNALDATE is off by %.0f s', $off);
}

1;
