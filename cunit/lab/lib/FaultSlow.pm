package FaultSlow;
# FaultSlow - job F7: a disk that takes seconds for each sync
#
# While somebody delivers to alice without end, bob reads and others write; the longest wait of each is
# measured.  Three places are slow in turn:
#   spool     files and directories of alice's INBOX: only she may wait         others' bound 1 s
#   journal   shared by all writers: they may wait for the sync that runs and the next one;
#             readers must not                                                     bound 1 s
#   all       every sync: readers must not wait                                    bound 1 s
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);
use FaultLab;
use FaultLive;
use Halcyon::Spool;

use constant { OTHERS_MAX => 1.0, SLACK => 1.5 };      # seconds

# A child that does $code->() again and again until the time is over and tells its longest round.
sub measure {
    my ($seconds, $make, $code) = @_;
    pipe my $r, my $w or die "pipe: $!";
    my $pid = fork() // die "fork: $!";
    return { pid => $pid, from => $r } if $pid;
    my ($longest, $rounds) = (0, 0);
    my $went = eval {
        my $state = $make->();
        my $end = time + $seconds;
        while (time < $end) {
            my $t = time;
            $code->($state);
            $longest = time - $t if time - $t > $longest;
            $rounds++;
        }
        1;
    };
    syswrite $w, $went ? sprintf('%.3f %d', $longest, $rounds) : "failed $@";
    POSIX::_exit(0);
}

sub result {
    my ($m) = @_;
    my $text = readline $m->{from};
    waitpid $m->{pid}, 0;
    return ($text // '') =~ /^([\d.]+) (\d+)/ ? ($1, $2) : die 'a client failed: ' . ($text // 'no words') . "\n";
}

# Longest waits of alice (writes), bob (writes), carol (reads), in seconds.
sub waits {
    my ($l, $seconds) = @_;
    my $deliver = sub {
        my ($user) = @_;
        return sub { my %a = $l->deliver($_[0], [$user]); $a{$user} eq 'yes' or die "refused: $l->{words}\n" };
    };
    my $read = sub {
        my ($c) = @_;
        $c->ok('SELECT INBOX');
        $c->ok('FETCH 1:* (FLAGS BODY.PEEK[])');
        $c->ok('STATUS INBOX (MESSAGES UNSEEN)');
        sleep 0.01;
    };
    my @m = (measure($seconds, sub { $l->lmtp }, $deliver->('alice')), measure($seconds, sub { $l->lmtp }, $deliver->('bob')),
             measure($seconds, sub { $l->instance->imap(user => 'carol') }, $read));
    return map { (result($_))[0] } @m;
}

sub directory_of {
    my ($l, $mailbox) = @_;
    for my $dir (Halcyon::Spool::mailbox_dirs($l->instance)) {
        my $h = Halcyon::Spool::read_header($dir) or next;
        return $dir if ($h->{name} // '') eq $mailbox;
    }
    die "no directory of $mailbox\n";
}

sub run {
    my $delay = FaultLab::choose(1.5, 5, 5);
    my $l = FaultLive->new(where => FaultLab::memory_dir());
    my $lab = $l->lab;
    local $Halcyon::Client::TIMEOUT = 60;
    my $c = $l->lmtp;
    $l->deliver($c, [ 'alice', 'bob', 'carol' ]) for 1 .. 3;
    my @base = waits($l, 1);
    FaultLab::note(sprintf 'undisturbed: %.3f %.3f %.3f', @base);
    my $alice = directory_of($l, 'user.alice') =~ s{^.*/spool/}{/}r;
    for my $row ([ spool => path => "$alice" ], [ journal => path => '/journal' ], [ all => path => '' ]) {
        my ($name, %where) = @$row;
        $lab->rule(0, mask => 'syncs', action => 'DELAY', delay_us => $delay * 1e6, from => 1, until => 0, %where);
        $lab->on;
        my ($hers, $his, $reader) = waits($l, 1.5 * $delay);
        $lab->off;
        my $fired = $lab->fired(0);
        FaultLab::figure("F7.$name.syncs_delayed", $fired);
        FaultLab::figure("F7.$name.slow_user", $hers);
        if ($name eq 'spool') { FaultLab::bound('F7.spool.other_writer', $his, OTHERS_MAX) }
        else { FaultLab::bound("F7.$name.writer", $his, sprintf '%.1f', ($name eq 'all' ? 8 : 2) * $delay + SLACK) }
        FaultLab::bound("F7.$name.reader", $reader, OTHERS_MAX);
    }
    my @bad = $l->finish;
    print map { "BROKEN F7 -: $_\n" } @bad;
    FaultLab::bound('F7.problems', scalar @bad, 0);
    FaultLab::check_store('F7', $l->{dir});
}

1;
