package Lab::Ops;
# Lab::Ops - every operation that promises something, as the laboratories perform it
#
# A row is [ name, prepare ].  prepare($world) brings the server to the moment before the command and
# returns { parts => [...], go => sub {...} }: go() sends the command, and returns for each part
# whether it was acknowledged; it dies when the connection does.  A part is the set of facts
# (Lab::World) that its acknowledgement stands for: they become true together or not at all.
use strict;
use warnings;
use Halcyon::Client;
use Lab::Replay;
use Lab::World qw($ALICE $BOB $CAROL $WORK $TARGET);



sub _is_ok { my ($r) = @_; return $r->{status} eq 'OK' ? 1 : 0 }

# A command on a prepared connection.
sub _command {
    my ($c, $set, @command) = @_;
    return { conn => $c, parts => [ { set => $set } ], go => sub { return _is_ok($c->cmd(@command)) } };
}

sub _selected {
    my ($w, $user, $box) = @_;
    my $c = $w->{i}->imap(user => $user);
    $c->ok("SELECT $box");
    return $c;
}

sub _msg { my ($box, $id) = @_; return "msg $box $id" }

# Some messages of a mailbox, at least one: up to n of them, here and there.  (Moves may have emptied Work.)
sub _some {
    my ($w, $box, $n) = @_;
    $w->aside($ALICE, [ 'APPEND INBOX.Work ', \Lab::World::message($w->fresh_id) ]) if $box eq $WORK && !$w->ids($box);
    my @ids = $w->ids($box);
    my $start = @ids ? $w->{serial} % @ids : 0;
    push @ids, splice @ids, 0, $start;
    return @ids[ 0 .. ($#ids < $n - 1 ? $#ids : $n - 1) ];
}

sub _lmtp {
    my ($w, @rcpts) = @_;
    my $id = $w->fresh_id;
    my $c = $w->{i}->lmtp;
    $c->lmtp_cmd('LHLO client.example.org');
    my @parts = map { { set => { _msg("user.$_", $id) => '' } } } @rcpts;
    return { conn => $c, parts => \@parts, go => sub { return _deliver($c, \@parts, \@rcpts, $id) } };
}

# A reply has come: what it says, and how much the client has heard with it (Lab::Replay).
sub _hear {
    my ($part, $c, $good) = @_;
    $part->{acked} = $good ? 1 : 0;
    $part->{heard} = Lab::Replay::heard($c) if $c->{lab_port};
}

# Each reply counts as soon as it is here: the server may die before the next one.
sub _deliver {
    my ($c, $parts, $rcpts, $id) = @_;
    die "LMTP refused\n" unless $c->lmtp_cmd('MAIL FROM:<sender@example.org>') =~ /^250/;
    for my $r (@$rcpts) { die "LMTP refused\n" unless $c->lmtp_cmd("RCPT TO:<$r>") =~ /^250/ }
    die "LMTP refused\n" unless $c->lmtp_cmd('DATA') =~ /^354/;
    $c->send(Lab::World::message($id) . ".\r\n");
    _hear($_, $c, $c->reply =~ /^250/) for @$parts;
    return map { $_->{acked} } @$parts;
}

sub _append {
    my ($w, $user, $box, $flags, $n) = @_;
    my @ids = map { $w->fresh_id } 1 .. $n;
    my %set = map { _msg(Lab::World::full_name($user, $box), $_) => join ' ', sort split ' ', $flags } @ids;
    return _command($w->{i}->imap(user => $user), \%set, "APPEND $box", map { (" ($flags) ", \Lab::World::message($_)) } @ids);
}

sub _copy {
    my ($w, $verb) = @_;
    my %there = map { $_ => 1 } $w->ids($TARGET);
    my %uid = $w->uids($WORK);
    my @ids = grep { !$there{$_} } _some($w, $WORK, 3);
    if (!@ids) {
        @ids = $w->fresh_id;
        $w->aside($ALICE, [ 'APPEND INBOX.Work ', \Lab::World::message($ids[0]) ]);
        %uid = $w->uids($WORK);
    }
    my %set = map { (_msg($TARGET, $_) => $w->facts->{ _msg($WORK, $_) },
                     $verb eq 'MOVE' ? (_msg($WORK, $_) => undef, "seen $BOB $WORK $_" => undef) : ()) } @ids;
    my $list = join ',', @uid{@ids};
    return _command(_selected($w, $ALICE, 'INBOX.Work'), \%set, "UID $verb $list INBOX.Target");
}

# A new message in the place of one that is there, in its own mailbox or in another.
sub _replace {
    my ($w, $box) = @_;
    return undef if !$w->has_capability('REPLACE');
    my ($old) = _some($w, $WORK, 1);
    my %uid = $w->uids($WORK);
    my $new = $w->fresh_id;
    my %set = (_msg(Lab::World::full_name($ALICE, $box), $new) => '\Draft', _msg($WORK, $old) => undef, "seen $BOB $WORK $old" => undef);
    return _command(_selected($w, $ALICE, 'INBOX.Work'), \%set, "UID REPLACE $uid{$old} $box (\\Draft) ", \Lab::World::message($new));
}

sub _store {
    my ($w, $how, @flags) = @_;
    my @ids = _some($w, $WORK, 3);
    my %uid = $w->uids($WORK);
    my %set;
    for my $id (@ids) {
        my %f = map { $_ => 1 } split ' ', $w->facts->{ _msg($WORK, $id) };
        if ($how eq '+') { @f{@flags} = (1) x @flags } else { delete @f{@flags} }
        $set{ _msg($WORK, $id) } = join ' ', sort keys %f;
    }
    my $list = join ',', @uid{@ids};
    return _command(_selected($w, $ALICE, 'INBOX.Work'), \%set, "UID STORE $list ${how}FLAGS (@flags)");
}

sub _expunge {
    my ($w, $command) = @_;
    $w->aside($ALICE, map { [ 'APPEND INBOX.Target ', \Lab::World::message($w->fresh_id) ] } 1 .. 2);
    my %uid = $w->uids($TARGET);
    my @ids = _some($w, $TARGET, 2);
    $w->aside($ALICE, "SELECT INBOX.Target", "UID STORE @{[ join ',', @uid{@ids} ]} +FLAGS.SILENT (\\Deleted)");
    my %set = map { _msg($TARGET, $_) => undef } grep { $w->facts->{ _msg($TARGET, $_) } =~ /Deleted/ } $w->ids($TARGET);
    return _command(_selected($w, $ALICE, 'INBOX.Target'), \%set, $command);
}

sub _fresh_box { my ($w, $what) = @_; return $what . ++$w->{serial} }

sub _create {
    my ($w) = @_;
    my $name = _fresh_box($w, 'New');
    return _command($w->{i}->imap(user => $ALICE), { "box user.$ALICE.$name" => 1 }, "CREATE INBOX.$name");
}

# Everything below a name: its facts, and the same under another name.
sub _facts_below {
    my ($w, $full) = @_;
    return grep { /^(?:box|msg) \Q$full\E(?:[. ]|\z)/ } keys %{ $w->facts };
}

sub _delete {
    my ($w) = @_;
    my $name = _fresh_box($w, 'Old');
    $w->aside($ALICE, "CREATE INBOX.$name", [ "APPEND INBOX.$name ", \Lab::World::message($w->fresh_id) ]);
    my %set = map { $_ => undef } _facts_below($w, "user.$ALICE.$name");
    return _command($w->{i}->imap(user => $ALICE), \%set, "DELETE INBOX.$name");
}

sub _rename {
    my ($w, @children) = @_;
    my ($from, $to) = (_fresh_box($w, 'From'), _fresh_box($w, 'To'));
    my @make = map { ("CREATE $_", [ "APPEND $_ ", \Lab::World::message($w->fresh_id) ]) } "INBOX.$from", map { "INBOX.$from.$_" } @children;
    $w->aside($ALICE, @make);
    my %set;
    for my $fact (_facts_below($w, "user.$ALICE.$from")) {
        (my $new = $fact) =~ s/user\.$ALICE\.\Q$from\E/user.$ALICE.$to/;
        @set{ $fact, $new } = (undef, $w->facts->{$fact});
    }
    return _command($w->{i}->imap(user => $ALICE), \%set, "RENAME INBOX.$from INBOX.$to");
}

sub _setacl {
    my ($w) = @_;
    my $now = $w->facts->{"acl $WORK"};
    my $rights = $now =~ / $CAROL lrs\b/ ? 'lr' : 'lrs';
    (my $new = $now) =~ s/ $CAROL \w+//;
    return _command($w->{i}->imap(user => $ALICE), { "acl $WORK" => "$new $CAROL $rights" }, "SETACL INBOX.Work $CAROL $rights");
}

sub _subscribe {
    my ($w) = @_;
    my $on = $w->facts->{"sub $ALICE INBOX"};
    return _command($w->{i}->imap(user => $ALICE), { "sub $ALICE INBOX" => $on ? undef : 1 }, ($on ? 'UN' : '') . 'SUBSCRIBE INBOX');
}

sub _setquota {
    my ($w) = @_;
    my $n = 1_000_000 + ++$w->{serial};
    return _command($w->{i}->imap(user => 'cyrus'), { "quota user.$ALICE" => "STORAGE $n MESSAGE 100000" },
                    "SETQUOTA user.$ALICE (STORAGE $n MESSAGE 100000)");
}

sub _setmetadata {
    my ($w) = @_;
    return undef unless $w->has_capability('METADATA');
    my $text = 'note ' . ++$w->{serial};
    return _command($w->{i}->imap(user => $ALICE), { "meta $WORK" => $text }, "SETMETADATA INBOX.Work (/private/comment \"$text\")");
}

sub _seen {
    my ($w) = @_;
    my @ids = _some($w, $WORK, 2);
    my %uid = $w->uids($WORK);
    my $on = !$w->facts->{"seen $BOB $WORK $ids[0]"};
    my %set = map { ("seen $BOB $WORK $_" => $on ? 1 : undef) } @ids;
    my $list = join ',', @uid{@ids};
    return _command(_selected($w, $BOB, $WORK), \%set, "UID STORE $list " . ($on ? '+' : '-') . 'FLAGS (\Seen)');
}

sub _pop3 {
    my ($w) = @_;
    $w->aside($CAROL, [ 'APPEND INBOX ', \Lab::World::message($w->fresh_id) ]);
    my @ids = $w->ids("user.$CAROL");
    my $n = @ids > 1 ? 2 : 1;
    my $c = $w->{i}->pop3;
    my @said = map { $c->pop_cmd($_) } "USER $CAROL", 'PASS secret', map { "DELE $_" } 1 .. $n;
    die "POP3: @said\n" if grep { !/^\+OK/ } @said;
    my %set = map { _msg("user.$CAROL", $_) => undef } @ids[ 0 .. $n - 1 ];
    return { conn => $c, parts => [ { set => \%set } ], go => sub { return $c->pop_cmd('QUIT') =~ /^\+OK/ ? 1 : 0 } };
}

# Several clients at once: what they share (one sync, one journal record) must hold for each.
sub _parallel {
    my ($w, $n) = @_;
    my @ops = map { _lmtp($w, $_ % 2 ? $ALICE : $BOB) } 1 .. $n;
    my $go = sub {
        for my $op (@ops) {
            my $c = $op->{conn};
            my ($rcpt) = map { /^msg user\.(\w+)/ } keys %{ $op->{parts}[0]{set} };
            for ('MAIL FROM:<sender@example.org>', "RCPT TO:<$rcpt>", 'DATA') { die "LMTP refused\n" unless $c->lmtp_cmd($_) =~ /^[23]5/ }
        }
        for my $op (@ops) {
            my ($id) = map { / (\S+)\z/ } keys %{ $op->{parts}[0]{set} };
            $op->{conn}->send(Lab::World::message($id) . ".\r\n");
        }
        my $broken = 0;
        for my $op (@ops) {
            eval { _hear($op->{parts}[0], $op->{conn}, $op->{conn}->reply =~ /^250/); 1 } or $broken++;
        }
        die "$broken connections broke\n" if $broken;
        return map { $_->{parts}[0]{acked} } @ops;
    };
    return { conn => $ops[0]{conn}, conns => [ map { $_->{conn} } @ops ], parts => [ map { @{ $_->{parts} } } @ops ], go => $go };
}

our @OPS = (
    [ 'LMTP to 1',      sub { _lmtp($_[0], $ALICE) } ],
    [ 'LMTP to 3',      sub { _lmtp($_[0], $ALICE, $BOB, $CAROL) } ],
    [ 'LMTP in parallel', sub { _parallel($_[0], 4) } ],
    [ 'APPEND',         sub { _append($_[0], $ALICE, 'INBOX.Work', '\Flagged Kw' . $_[0]{serial} % 3, 1) } ],
    [ 'MULTIAPPEND',    sub { $_[0]->has_capability('MULTIAPPEND') ? _append($_[0], $ALICE, 'INBOX.Work', '\Seen', 3) : undef } ],
    [ 'REPLACE',        sub { _replace($_[0], 'INBOX.Work') } ],
    [ 'REPLACE elsewhere', sub { _replace($_[0], 'INBOX.Target') } ],
    [ 'COPY',           sub { _copy($_[0], 'COPY') } ],
    [ 'MOVE',           sub { _copy($_[0], 'MOVE') } ],
    [ 'STORE +FLAGS',   sub { _store($_[0], '+', '\Answered', 'Note' . $_[0]{serial} % 20) } ],
    [ 'STORE -FLAGS',   sub { _store($_[0], '-', '\Answered', '\Flagged') } ],
    [ 'EXPUNGE',        sub { _expunge($_[0], 'EXPUNGE') } ],
    [ 'CLOSE',          sub { _expunge($_[0], 'CLOSE') } ],
    [ 'CREATE',         \&_create ],
    [ 'DELETE',         \&_delete ],
    [ 'RENAME',         sub { _rename($_[0]) } ],
    [ 'RENAME of a tree', sub { _rename($_[0], 'Kid', 'Kid.Grandkid') } ],
    [ 'SETACL',         \&_setacl ],
    [ 'SUBSCRIBE',      \&_subscribe ],
    [ 'SETQUOTA',       \&_setquota ],
    [ 'SETMETADATA',    \&_setmetadata ],
    [ 'Seen of another', \&_seen ],
    [ 'POP3 QUIT',      \&_pop3 ],
);

# Perform a prepared operation; its parts know afterwards what was acknowledged.  Returns what the
# connection said when it broke.
sub perform {
    my ($op) = @_;
    my @acked = eval { $op->{go}->() };
    my $why = $@;
    if (!$why) { _hear($op->{parts}[$_], $op->{conn}, $acked[$_]) for grep { !exists $op->{parts}[$_]{acked} } 0 .. $#{ $op->{parts} } }
    eval { $_->close } for $op->{conn}, @{ $op->{conns} || [] };
    return $why;
}

1;
