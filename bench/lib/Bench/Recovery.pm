package Bench::Recovery;
# Bench::Recovery - how long a server needs after kill -9 of all its processes
#
# The server is started afresh, takes n deliveries on 8 connections, and is killed at once, while
# nothing but its own habits has written checkpoints.  Then the time runs: to the last greeting of
# IMAP, POP3 and LMTP, and to the reply of a first delivery.  What was acknowledged must be there.
use strict;
use warnings;
use Exporter qw(import);
use Time::HiRes qw(time);
use Bench::Drive qw(drive_server note unique);

our @EXPORT_OK = qw(measure_recovery);

my $CONNS = 8;
my $TO = 'prefix=d users=20';

sub count {
    my ($server) = @_;
    my $r = drive_server($server, "count $TO");
    return ref $r ? $r->[0]{units} : undef;
}

sub deliver {
    my ($server, $conns, $each) = @_;
    my $more = $each - 1;       # the driver warms up with one
    return ref drive_server($server, "lmtp $TO conns=$conns ms=0 check=0 min_ops=$more max_ops=$more", 'nonce=' . unique());
}

# { ready => seconds, delivery => seconds }, or undef: wrong answer.
sub measure_recovery {
    my ($server, $n) = @_;
    $server->stop;
    $server->start;
    my $each = int($n / $CONNS);
    my $before = count($server);
    defined $before && deliver($server, $CONNS, $each) or return;
    $server->kill_all;
    $server->start;
    my $ready = time - $server->launched;
    deliver($server, 1, 1) or return;
    my $delivered = time - $server->launched;
    my $lost = $before + $CONNS * $each + 1 - (count($server) // return);
    return { ready => $ready, delivery => $delivered } if $lost == 0;
    note($server->name . ": $lost of the messages that were acknowledged are missing\n");
    return;
}

1;
