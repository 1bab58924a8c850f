#!/usr/bin/perl
# imap_annotate_kill.t - everything is killed while annotations are set: what was acknowledged is there, and all sums agree
# covers: AN-13 P1 QU-02
use strict;
use warnings;
use POSIX ();
use Test::More;
use Halcyon::Test;

my $MSG = "Subject: x\r\n\r\nbody\r\n";
my $rounds = $ENV{HALCYON_ROUNDS} || 4;

# What one session does until it is cut off: each command changes both values of two messages, and copies them along.
# "n" before, and "n ok" when it was acknowledged.
sub work {
    my ($i, $from, $fh) = @_;
    my $c = $i->imap(user => 'alice');
    $c->ok('SELECT INBOX');
    for (my $n = $from; ; $n++) {
        syswrite $fh, "$n\n";
        my $v = "value $n" . 'x' x ($n % 700);
        $c->ok("STORE 1:2 ANNOTATION (/comment (value.priv \"$v\" value.shared \"$n\"))");
        syswrite $fh, "$n ok\n";
        $c->ok("APPEND INBOX.to ANNOTATION (/comment (value.priv \"a$n\" value.shared \"a$n\")) ", \$MSG) if $n % 3 == 0;
        $c->ok('COPY 1 INBOX.to') if $n % 5 == 0;
    }
}

# { uid => [ private, shared ] } of a mailbox, and the bytes that the server counts.
sub look {
    my ($c, $box) = @_;
    my %v = map { /UID (\d+) ANNOTATION \(\/comment \(value\.priv (?:NIL|"([^"]*)") value\.shared (?:NIL|"([^"]*)")/ ? ($1 => [ $2, $3 ]) : () }
        grep { /FETCH/ } $c->ok("SELECT $box"), $c->ok('UID FETCH 1:* (ANNOTATION (/comment value))');
    my ($size) = join("\n", $c->ok("GETMETADATA $box /shared/vendor/cmu/cyrus-imapd/annotsize")) =~ /"(\d+)"\)/;
    my $sum = 0;
    $sum += length($_ // '') for map { @$_ } values %v;
    return (\%v, $size, $sum);
}

for my $sync ('journal', 'direct') {
    my $i = Halcyon::Test->new(conf => { commit_sync => $sync });
    $i->create_users('alice');
    my $c = $i->imap(user => 'alice');
    $c->ok('APPEND INBOX ', \$MSG) for 1 .. 2;
    $c->ok('CREATE INBOX.to');
    $c->ok('APPEND INBOX.to ', \$MSG);
    $c->logout;
    my $n = 1;
    for my $round (1 .. $rounds) {
        pipe my $r, my $w or die;
        my $pid = fork // die;
        if (!$pid) {
            close $r;
            eval { work($i, $n, $w) };
            POSIX::_exit(0);
        }
        close $w;
        my ($tried, $acked) = ($n - 1, $n - 1);
        my $stop = 5 + 17 * $round;                     # commands, then at once
        while (defined(my $l = <$r>)) {
            $l =~ /^(\d+) ok/ ? ($acked = $1) : $l =~ /^(\d+)/ && ($tried = $1);
            last if $acked >= $n + $stop;
        }
        $i->kill_all;
        while (defined(my $l = <$r>)) { $l =~ /^(\d+) ok/ ? ($acked = $1) : $l =~ /^(\d+)/ && ($tried = $1) }
        waitpid $pid, 0;
        $i->start;
        my $x = $i->imap(user => 'alice');
        my ($v, $size, $sum) = look($x, 'INBOX');
        my @n = map { $v->{$_}[1] // 'none' } 1, 2;
        is($n[0], $n[1], "$sync $round: one command is there for both messages, or for none");
        ok($n[0] =~ /^\d+$/ && $n[0] >= $acked && $n[0] <= $tried, "$sync $round: what was acknowledged ($acked) is there ($n[0] of $tried)");
        is_deeply([ map { $v->{$_}[0] } 1, 2 ], [ ("value $n[0]" . 'x' x ($n[0] % 700)) x 2 ], "$sync $round: with its other value");
        is($size, $sum, "$sync $round: the bytes are counted");
        my ($t, $tsize, $tsum) = look($x, 'INBOX.to');
        is($tsize, $tsum, "$sync $round: also where messages come");
        is((grep { my ($p, $s) = @{ $t->{$_} }; defined $p != defined $s } keys %$t), 0, "$sync $round: a message has both values or none");
        $n = $tried + 1;
        $x->logout;
    }
    is($i->faults, '', "$sync: no fault was found");
    $i->stop;
}
done_testing();
