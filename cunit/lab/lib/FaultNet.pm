package FaultNet;
# FaultNet - job F8: connections that are cut, reset, half closed, slow or stalled
#
# A point is "DIALOGUE BREAK K": the client sends the dialogue's bytes in a fixed script and breaks the
# connection after byte K (of "ones" and "stall" it goes on).  The break is made at the client's end: a
# server cannot tell it from one on the way.  BREAK:
#   cut     close, replies unread           reset   the same with RST
#   half    no more to send, but listening  ones    every byte a segment of its own
#   stall   nothing for a while after byte K, then the rest
# A message whose acknowledgement was read must be there; any message is there whole and once, or not
# at all; meanwhile another session works on the same mailbox, and nobody waits longer than the bound.
use strict;
use warnings;
use IO::Select;
use Socket qw(SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time sleep);
use FaultLab;
use FaultLive;

use constant { WAIT_MAX => 1.0, STALL => 0.3, PATIENCE => 20 };
my @BREAKS = qw(cut reset half ones stall);

# Dialogues: protocol, places of the message, and the client's bytes.
sub lines { return join '', map { "$_\r\n" } @_ }

my %DIALOGUE = (
    append => {
        port => 'imap', places => ['alice INBOX'], ok => qr/^a2 OK/m,
        bytes => sub {
            my ($message) = @_;
            return lines('a1 LOGIN alice secret', 'a2 APPEND INBOX {' . length($message) . '+}', $message, 'a3 LOGOUT');
        },
    },
    store => {
        port => 'imap', places => [],
        bytes => sub {
            return lines('a1 LOGIN alice secret', 'a2 SELECT INBOX', 'a3 STORE 1:2 +FLAGS (\Answered)',
                'a4 FETCH 1:* (BODY.PEEK[])', 'a5 UID COPY 1 INBOX.Copies', 'a6 STORE 1:2 -FLAGS (\Answered)', 'a7 LOGOUT');
        },
    },
    lmtp => {
        port => 'lmtp', places => [ 'alice INBOX', 'bob INBOX' ], ok => qr/^354[^\n]*\n.*?^250 [^\n]*\n.*?^250 /ms,
        bytes => sub {
            my ($message) = @_;
            return lines('LHLO c.example.org', 'MAIL FROM:<s@example.org>', 'RCPT TO:<alice>', 'RCPT TO:<bob>', 'DATA')
                 . $message . lines('.', 'QUIT');
        },
    },
);

# Send bytes, one segment each when wanted, and take in what comes meanwhile.
sub put {
    my ($sock, $bytes, $one_by_one, $heard) = @_;
    for my $piece ($one_by_one ? split(//, $bytes) : $bytes) {
        syswrite $sock, $piece or return;
        my $sel = IO::Select->new($sock);
        while ($sel->can_read(0)) { sysread $sock, $$heard, 65536, length $$heard or return }
    }
}

# All that still comes until the server closes; false when it does not.
sub rest {
    my ($sock, $heard) = @_;
    my ($sel, $deadline) = (IO::Select->new($sock), time + PATIENCE);
    while (time < $deadline) {
        next unless $sel->can_read($deadline - time);
        sysread $sock, $$heard, 65536, length $$heard or return 1;
    }
    return 0;
}

# One broken connection.  Returns what was read of the server, and words when it hangs.
sub break_at {
    my ($l, $port, $bytes, $break, $k) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $l->instance->{port}{$port}, Proto => 'tcp')
        or return ('', "no connection: $!");
    setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
    local $SIG{PIPE} = 'IGNORE';
    my $heard = '';
    put($sock, substr($bytes, 0, $k), $break eq 'ones', \$heard);
    if ($break eq 'reset') { setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 }
    if ($break eq 'cut' || $break eq 'reset') { close $sock; return ($heard, '') }
    if ($break eq 'half') { shutdown $sock, 1 }
    else {
        sleep STALL if $break eq 'stall';
        my $wait = other_session($l) if $break eq 'stall';
        return ($heard, sprintf 'another session waited %.1f s', $wait) if ($wait // 0) > WAIT_MAX + STALL;
        put($sock, substr($bytes, $k), $break eq 'ones', \$heard);
    }
    return ($heard, rest($sock, \$heard) ? '' : 'the server did not close');
}

# Somebody else changes the same mailbox: how long it takes.
sub other_session {
    my ($l) = @_;
    my $t = time;
    my $c = $l->{other} ||= $l->instance->imap(user => 'alice');
    $l->append($c, 'alice', 'INBOX');
    $c->ok('SELECT INBOX');
    $c->ok('STORE 1 +FLAGS (\Flagged)');
    return time - $t;
}

sub trial {
    my ($l, $point) = @_;
    my ($name, $break, $k) = split ' ', $point;
    my $d = $DIALOGUE{$name};
    my $id = $l->new_id;
    my $bytes = $d->{bytes}->(FaultLive::message($id));
    my ($heard, $hang) = break_at($l, $d->{port}, $bytes, $break, $k > length $bytes ? length $bytes : $k);
    my $acknowledged = $d->{ok} && $heard =~ $d->{ok};
    $l->note($id, $_, $acknowledged ? 'yes' : 'gone') for @{ $d->{places} };
    return "the dialogue went on but there is no acknowledgement: $heard" if !$hang && $break =~ /ones|stall/ && $d->{ok} && !$acknowledged;
    return $hang;
}

sub points {
    my $rand = FaultLab::random('net');
    my @points;
    for my $name (sort keys %DIALOGUE) {
        my $length = length $DIALOGUE{$name}{bytes}->(FaultLive::message('1234.1'));
        push @points, map { my $k = $_; map { "$name $_ $k" } @BREAKS } 0 .. $length;
    }
    return FaultLab::shuffled($rand, @points);
}

sub run {
    my $l = FaultLive->new(where => FaultLab::memory_dir());
    local $Halcyon::Client::TIMEOUT = PATIENCE;
    my $c = $l->lmtp;
    $l->deliver($c, [ 'alice', 'bob' ]) for 1 .. 3;
    $l->instance->imap(user => 'alice')->ok('CREATE INBOX.Copies');
    my @points = $FaultLab::Opt{point} ? ($FaultLab::Opt{point}) : points();
    my $deadline = time + FaultLab::choose(8, 90, 1_800);
    my ($tried, $longest, $bad) = (0, 0, 0);
    for my $point (@points) {
        last if time > $deadline;
        my $words = eval { trial($l, $point) } // "trial: $@";
        if ($tried++ % 5 == 0) {
            my $wait = eval { other_session($l) } // 999;
            $longest = $wait if $wait > $longest;
        }
        next if $words eq '';
        $bad++;
        FaultLab::broken('F8', $point, $words);
    }
    my ($problems, $found) = $l->check_book;
    my @wrong = (@$problems, $l->finish);
    FaultLab::broken('F8', '-', $_) for @wrong;
    FaultLab::bound('F8.points', $tried, FaultLab::choose(40, 600, 4_000), at_least => 1) unless $FaultLab::Opt{point};
    FaultLab::figure('F8.messages', $found);
    FaultLab::bound('F8.longest_wait_of_others', sprintf('%.3f', $longest), WAIT_MAX);
    FaultLab::bound('F8.hang_or_refused', $bad, 0);
    FaultLab::bound('F8.problems', scalar @wrong, 0);
    FaultLab::check_store('F8', $l->{dir});
}

1;
