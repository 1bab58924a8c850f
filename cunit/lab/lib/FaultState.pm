package FaultState;
# FaultState - a small population of mailboxes, and everything a client can learn of it
#
#   my $dir = FaultState::populate($where);         # instance directory, server stopped
#   my $seen = FaultState::read($tree);             # what each user is told
#   my $facts = FaultState::facts('alice', $seen->{alice}, \my %status);    # "INBOX uid 3 FLAGS" => ...
#
# alice owns everything, bob reads one of her mailboxes and has seen state of his own there.
use strict;
use warnings;
use FaultLab;
use FaultProgram;
use Halcyon::Test;

our %BOXES = (
    alice => [ 'INBOX', 'INBOX.Work', 'INBOX.Work.Old', 'INBOX.Empty' ],
    bob   => [ 'INBOX', 'user.alice.Work' ],
);
use constant { JOURNAL_SIZE => 1 << 20 };       # the least there can be: copied and read a thousand times

our $PATIENCE = 5;              # seconds until a session counts as hanging

sub message {
    my ($n, $lines) = @_;
    return "From: Sender $n <s$n\@example.org>\r\nTo: alice\@example.com\r\nSubject: message number $n\r\n"
         . "Date: Thu, 1 Jan 2015 00:00:0" . ($n % 10) . " +0000\r\nMessage-ID: <fault.$n\@example.org>\r\n"
         . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" . "line of message $n\r\n" x ($lines // 3);
}

sub literal { my ($text) = @_; return \$text }

my @ALICE = (                   # mailbox, flags, internal date, number
    [ 'INBOX', '(\Seen \Flagged $Label1)', ' 1-Jan-2015 10:00:00 +0000', 1 ],
    [ 'INBOX', '(\Answered Work)', ' 2-Jan-2015 10:00:00 +0000', 2 ],
    [ 'INBOX', '()', ' 3-Jan-2015 10:00:00 +0000', 3 ],
    [ 'INBOX', '(\Deleted \Seen)', ' 4-Jan-2015 10:00:00 +0000', 4 ],
    [ 'INBOX', '(\Draft $Label1 Work)', ' 5-Jan-2015 10:00:00 +0000', 5 ],
    [ 'INBOX.Work', '(\Seen Project)', ' 6-Jan-2015 10:00:00 +0000', 6 ],
    [ 'INBOX.Work', '(\Flagged)', ' 7-Jan-2015 10:00:00 +0000', 7 ],
    [ 'INBOX.Work', '()', ' 8-Jan-2015 10:00:00 +0000', 8 ],
    [ 'INBOX.Work.Old', '(\Seen)', ' 9-Jan-2015 10:00:00 +0000', 9 ],
);

# The dialogue that makes the population, on a running instance.
sub fill {
    my ($i) = @_;
    $i->create_users('alice', 'bob', 'carol');
    my $a = $i->imap(user => 'alice');
    $a->ok("CREATE $_") for 'INBOX.Work', 'INBOX.Work.Old', 'INBOX.Empty';
    $a->ok("APPEND $_->[0] $_->[1] \"$_->[2]\" ", literal(message($_->[3]))) for @ALICE;
    $a->ok("SUBSCRIBE $_") for 'INBOX', 'INBOX.Work', 'INBOX.Work.Old';
    $a->ok('SETACL INBOX.Work bob lrsw');
    $a->ok('SETACL INBOX.Empty anyone lr');
    $a->logout;
    my $admin = $i->imap(user => 'cyrus');
    $admin->ok('SETQUOTA user.alice (STORAGE 1000 MESSAGE 500)');
    $admin->logout;
    $i->fill('bob', message(10), message(11));
    $i->fill('alice', message(12, 40));
    my $b = $i->imap(user => 'bob');
    $b->ok('SUBSCRIBE user.alice.Work');
    $b->ok('SELECT user.alice.Work');
    $b->ok('UID STORE 1,3 +FLAGS (\Seen)');
    $b->ok('SELECT INBOX');
    $b->ok('UID STORE 2 +FLAGS (\Seen \Flagged)');
    $b->logout;
}

# A stopped instance with the population, below $where.  Options as for Halcyon::Test.
sub populate {
    my ($where, %o) = @_;
    my $dir = FaultLab::new_dir($where);
    my $i = Halcyon::Test->new(dir => $dir, keep => 1, %o, conf => { journal_size => JOURNAL_SIZE, %{ $o{conf} || {} } });
    fill($i);
    $i->stop;
    die "populate: " . $i->faults if $i->faults;
    return $dir;
}

# ---- reading
# The commands of a user.  $held: of a session that was logged in before.
sub script_text {
    my ($user, $boxes, $held) = @_;
    my @lines = ($held ? 'NOOP' : "LOGIN $user secret", 'LIST "" "*"', 'LSUB "" "*"');
    for my $box (@{ $boxes || $BOXES{$user} }) {
        push @lines, "STATUS $box (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)", "GETACL $box", "MYRIGHTS $box", "GETQUOTAROOT $box",
            "SELECT $box", 'UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE MODSEQ ENVELOPE BODYSTRUCTURE BODY.PEEK[])',
            'UID SEARCH SUBJECT "number"', 'UID SEARCH UNSEEN', 'UNSELECT';
    }
    my $n = 0;
    return join '', map { 't' . ++$n . " $_\r\n" } @lines, 'LOGOUT';
}

# What each user is told.  { user => { out, ending, hang } }; the changing parts are masked.  boxes:
# which users and mailboxes (default %BOXES).
sub read {
    my ($tree, %o) = @_;
    my %told;
    my $boxes = $o{boxes} || \%BOXES;
    for my $user (sort keys %$boxes) {
        my $text = script_text($user, $boxes->{$user});
        my $file = "$tree->{dir}/script";
        FaultLab::spew($file, $text) if ($tree->{script} // '') ne $text;
        $tree->{script} = $text;
        my $r = FaultProgram::script($tree, 'imapd', $file, $o{seconds} // $PATIENCE, env => $o{env});
        $r->{out} =~ s/ SESSIONID=<[^>]*>//g;
        $r->{boxes} = $boxes->{$user};
        $told{$user} = $r;
    }
    return \%told;
}

# Sessions that have read everything and stay: { user => FaultProgram }.  read_held() lets them read
# again and end.
sub hold {
    my ($tree) = @_;
    my %held;
    for my $user (sort keys %BOXES) {
        my $p = $held{$user} = FaultProgram->start($tree, 'imapd');
        my $text = script_text($user) =~ s/^t\d+ LOGOUT\r\n//mr;
        my ($last) = $text =~ /^(t\d+) \S+\r\n\z/m;
        $p->client->send($text);
        1 while $p->client->response !~ /^$last /;
    }
    return \%held;
}

sub read_held {
    my ($held) = @_;
    my %told;
    for my $user (sort keys %$held) {
        my $p = $held->{$user};
        $told{$user} = $p->feed(script_text($user, undef, 1), $PATIENCE);
        @{ $told{$user} }{qw(boxes held)} = ($BOXES{$user}, 1);
    }
    return \%told;
}

# Restart: what the START section of the supervisor's configuration does.
sub recover {
    my ($tree, %o) = @_;
    my $cmd = [ Halcyon::Test::program('ctl_cyrusdb'), '-C', "$tree->{dir}/imapd.conf", '-r' ];
    return FaultProgram::script($tree, '', '/dev/null', $o{seconds} // $PATIENCE, cmd => $cmd, env => $o{env});
}

# ---- facts

# Responses of a transcript, each with its literals in place.
sub _responses {
    my ($text) = @_;
    my @list;
    while ($text =~ /\G(.*?)\r\n/gcs) {
        my $r = $1;
        while ($r =~ /\{(\d+)\}\z/) {
            my $at = pos $text;
            $r .= "\r\n" . substr $text, $at, $1;
            last if $at + $1 > length $text;
            pos($text) = $at + $1;
            $text =~ /\G(.*?)\r\n/gcs or last;
            $r .= $1;
        }
        push @list, $r;
    }
    return @list;
}

# One value at the position of a text: list, quoted string, literal, atom.
sub _value {
    my ($text) = @_;
    my $from = pos($$text) // 0;
    my $depth = 0;
    do {
        if ($$text =~ /\G\(/gc) { $depth++ }
        elsif ($$text =~ /\G\)/gc) { $depth-- }
        elsif ($$text =~ /\G"(?:[^"\\]|\\.)*"/gcs) { }
        elsif ($$text =~ /\G\{(\d+)\}\r\n/gc) { pos($$text) = pos($$text) + $1 <= length $$text ? pos($$text) + $1 : length $$text }
        elsif ($$text =~ /\G[^\s()"{]+/gc) { }
        else { return substr $$text, $from }
        $$text =~ /\G +/gc if $depth;
    } while ($depth);
    return substr $$text, $from, pos($$text) - $from;
}

sub _sorted { my ($list) = @_; return join ' ', sort grep { $_ ne '\Recent' } split ' ', $list =~ s/[()]//gr }

# Items of one FETCH response.
sub _fetch {
    my ($text) = @_;
    my %item;
    pos($text) = 0;
    while ($text =~ /\G *([A-Z0-9.\[\]]+) /gc) {
        my $name = $1;
        $item{$name} = _value(\$text);
    }
    $item{FLAGS} = _sorted($item{FLAGS}) if defined $item{FLAGS};
    $item{MODSEQ} =~ s/[()]//g if defined $item{MODSEQ};
    return %item;
}

# All that a transcript says, as key => value, without \Recent; %$status gets command => OK|NO|BAD, and
# "BOX ALERT" where the server told the client that something is wrong with that mailbox.
sub facts {
    my ($user, $told, $status) = @_;
    my %fact;
    my @command = map { s/^t\d+ //r } split /\r\n/, script_text($user, $told->{boxes}, $told->{held});
    my ($n, $box) = (0, '');
    for my $r (_responses($told->{out})) {
        if ($r =~ /^t(\d+) (\w+)/) {
            ($n, my $word) = ($1, $2);
            my $c = $command[ $n - 1 ] // next;
            $status->{ $c =~ /^(?:UID|UNSELECT)/ ? "$box $c" : $c } = $word;
            next;
        }
        my $command = $command[$n] // 'end';
        $box = $1 if $command =~ /^SELECT (\S+)/;
        $status->{"$box ALERT"} = 'ALERT' if $r =~ /^\* (?:OK|NO) \[ALERT\]/;
        if ($r =~ /^\* \d+ FETCH \((.*)\)\z/s) {
            my %item = _fetch($1);
            my $uid = delete $item{UID} // '?';
            $fact{"$box uid $uid"} = 1;
            $fact{"$box uid $uid $_"} = $item{$_} for keys %item;
        } elsif ($r =~ /^\* (FLAGS|OK \[PERMANENTFLAGS) (\(.*?\))/) { $fact{"$box $1"} = _sorted($2) }
        elsif ($r =~ /^\* OK \[(UIDVALIDITY|UIDNEXT) (\d+)/) { $fact{"$box $1"} = $2 }
        elsif ($r =~ /^\* OK \[HIGHESTMODSEQ (\d+)/) { $fact{"$box HIGHESTMODSEQ"} = $1 }
        elsif ($r =~ /^\* (\d+) EXISTS/) { $fact{"$box EXISTS"} = $1 }
        elsif ($r =~ /^\* (LIST|LSUB) (\(.*?\)) ("."|NIL) (.*)/) { $fact{"$1 $4"} = $2 }
        elsif ($r =~ /^\* STATUS (\S+) \((.*)\)/) { my ($b, %s) = ($1, split ' ', $2); $fact{"STATUS $b $_"} = $s{$_} for keys %s }
        elsif ($r =~ /^\* (ACL|MYRIGHTS|QUOTAROOT) (\S+) ?(.*)/) { $fact{"$1 $2"} = $3 }
        elsif ($r =~ /^\* QUOTA (\S+) (.*)/) { $fact{"QUOTA $1"} = $2 }
        elsif ($r =~ /^\* SEARCH ?(.*)/) { $fact{"$box $command"} = $1 }
    }
    return \%fact;
}

1;
