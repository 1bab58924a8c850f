package Lab::World;
# Lab::World - an instance under examination, and what it must hold
#
# A fact is one thing that a client can see: "box NAME", "msg NAME ID" with its flags, "acl NAME",
# "sub USER NAME", "quota ROOT", "seen USER NAME ID".  observe() asks the server for all of them;
# check() compares them with the facts of before and with an operation (Lab::Ops) in between:
# what was acknowledged is there, what was not is there wholly or not at all, all else is as it was.
use strict;
use warnings;
use File::Path ();
use File::Temp ();
use Time::HiRes ();
use Exporter qw(import);
use Halcyon::Client;
use Halcyon::Spool;
use Halcyon::Test;
use Lab::Control;
use Lab::Outside;
use Lab::Report;

our @EXPORT_OK = qw($ALICE $BOB $CAROL $WORK $TARGET);
our ($ALICE, $BOB, $CAROL, $WORK, $TARGET);

# Who plays alice (everything happens in her mailboxes), bob (who may look into her Work) and carol: several
# worlds in one instance have players of their own, one world to a process.
sub cast {
    my ($suffix) = @_;
    ($ALICE, $BOB, $CAROL) = map { $_ . $suffix } qw(alice bob carol);
    ($WORK, $TARGET) = ("user.$ALICE.Work", "user.$ALICE.Target");
}
cast('');
sub users { return ($ALICE, $BOB, $CAROL) }

my %CONF = (duplicatesuppression => 'yes', popminpoll => 0,
            conversations => 'no', sync_log => 'no', journal_size => 4 << 20);

# Configurations that take turns, by the seed.
our @VARIETY = ({}, { journal_size => 1 << 20 }, { delete_mode => 'immediate', expunge_mode => 'immediate' },
                { commit_sync => 'direct' }, { expunge_mode => 'semidelayed', journal_size => 1 << 20 });
sub conf_text { my ($conf) = @_; return join '', map { " $_=$conf->{$_}" } sort keys %$conf }
sub conf_of { my ($seed) = @_; return $VARIETY[ ($seed - 1) % @VARIETY ] }

# Options: conf (more lines), scratch (directory; default a memory file system where there is one), dir (there,
# made already), nostart, plain (without the interposer), worlds (how many casts the instance has room for).
sub new {
    my ($class, %o) = @_;
    my $self = bless { problems => [], serial => 0, plain => $o{plain} }, $class;
    my $dir = $o{dir} // File::Temp::tempdir('crashlab-XXXXXX', DIR => $o{scratch} // scratch());
    chmod 0755, $dir;
    $self->{conf} = conf_text($o{conf} || {});
    $self->{i} = Halcyon::Test->new(nostart => 1, conf => { %CONF, %{ $o{conf} || {} } }, keep => 1,
                                    users => { cyrus => 'secret', map { my $n = $_; map { ("$_$n" => 'secret') } qw(alice bob carol) } '', 1 .. $o{worlds} // 0 },
                                    dir => $dir);
    $self->{lab} = Lab::Control->new("$dir.control", roots => [ "$dir/conf", "$dir/spool" ],
        except => [ "$dir/conf/log", "$dir/conf/proc", "$dir/conf/socket" ]) unless $o{plain};
    _touch("$dir.control.syslog") unless $o{plain};
    $self->start unless $o{nostart};
    return $self;
}

# How often planted rules (Lab::Planted) have all acted.
sub planted {
    my ($self) = @_;
    my ($least) = sort { $a <=> $b } map { $self->{lab}->fired($_) } @{ $self->{planted} || [] };
    return $least // 0;
}

sub _touch {
    my ($path) = @_;
    open my $fh, '>', $path or die "$path: $!";
    close $fh;
    chmod 0666, $path;
}

# What the programs have said since the last call that asks for a repair by hand.
sub cries_for_help {
    my ($self) = @_;
    my $path = "$self->{i}{dir}.control.syslog";
    open my $fh, '<', $path or return;
    my @lines = grep { /reconstruct|cannot be repaired/i } <$fh>;
    close $fh;
    _touch($path);
    chomp @lines;
    return map { "said: $_" } @lines;
}

# Syncs cost nothing in memory, and a kill does not care where the files are.
sub scratch {
    return $ENV{LAB_SCRATCH} if $ENV{LAB_SCRATCH};
    return '/dev/shm' if -d '/dev/shm' && -w '/dev/shm';
    return $ENV{TMPDIR} || '/tmp';
}

sub start {
    my ($self) = @_;
    return $self->{i}->start if $self->{plain};
    local $ENV{FAULT_LOG} = "$self->{lab}{file}.syslog";
    local $ENV{LD_PRELOAD} = $self->{lab}->library('libfaultlog.so');
    $self->{lab}->around(sub { $self->{i}->start });
    $self->{lab}->group($self->{i}{master});
}

sub stop { my ($self) = @_; $self->{lab}->off if $self->{lab}; $self->{i}->stop }

# SIGKILL to everything at once; all belong to the process group of master.
sub kill_all {
    my ($self) = @_;
    my $i = $self->{i};
    my $master = delete $i->{master} or return;
    my @pids = children($master);
    @pids = $i->processes unless @pids;         # master has died before
    kill 'KILL', -$master, $master, @pids;
    waitpid $master, 0;
    my $deadline = Time::HiRes::time() + 10;
    select undef, undef, undef, 0.0005 while Time::HiRes::time() < $deadline && grep { lives($_) } @pids;
}

# Of a process, all the way down.
sub children {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/task/$pid/children" or return;
    my @pids = split ' ', <$fh> // '';
    return map { ($_, children($_)) } @pids;
}

# A process that is dead and not yet reaped is dead enough.
sub lives {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/stat" or return 0;
    return (<$fh> // '') !~ /\) [ZX] /;
}

# End of the laboratory; the directory stays when something was wrong.  Returns the numbers of findings
# of outside checkers and of sanitizers.
sub finish {
    my ($self) = @_;
    $self->stop;
    my @outside = Lab::Outside::wanted() && !$Lab::Report::quiet ? Lab::Outside::findings($self->{i}) : ();
    Lab::Report::trouble('outside', "kept: $self->{i}{dir}", @outside) if @outside;
    push @{ $self->{problems} }, @outside;
    my @faults = grep { $_ ne '' } split /\n/, $self->{i}->faults;
    Lab::Report::trouble('faults', "kept: $self->{i}{dir}", @faults) if @faults;
    push @{ $self->{problems} }, @faults;
    $self->drop unless @{ $self->{problems} } && !$Lab::Report::quiet || $ENV{HALCYON_KEEP};
    return (outside => scalar @outside, faults => scalar @faults);
}

sub drop {
    my ($self) = @_;
    my $dir = $self->{i}{dir};
    File::Path::remove_tree($dir);
    unlink map { "$dir.control$_" } '', '.log', '.syslog';
}

# ---- messages: their bytes follow from their names; every fifth is large, so that journals get full
sub fresh_id {
    my ($self) = @_;
    my $n = ++$self->{serial};
    return sprintf '%s%s.%d', $n % 5 ? 'm' : 'big', $self->{tag} // 'x', $n;
}

sub message {
    my ($id) = @_;
    my $n = unpack '%32C*', $id;
    return "From: lab\@example.org\r\nTo: alice\@example.org\r\nSubject: about $id\r\nDate: Thu, 1 Jan 2015 00:00:00 +0000\r\n"
        . "Message-ID: <$id\@example.org>\r\nX-Id: $id\r\n\r\n" . "line of $id\r\n" x ((1 + $n * 7 % 45) * ($id =~ /^big/ ? 60 : 1));
}

# The same instance with players of its own: for a process of its own.
sub another {
    my ($self, $n) = @_;
    cast($n);
    return bless { %$self, problems => [], serial => 0, tag => "w$n", plain => 1 }, ref $self;
}

# ---- the mailboxes that everything happens in
sub populate {
    my ($self) = @_;
    my $i = $self->{i};
    $i->create_users(users());
    my $admin = $i->imap(user => 'cyrus');
    $admin->ok("SETQUOTA user.$_ (STORAGE 1000000 MESSAGE 100000)") for $ALICE, $BOB;
    $admin->logout;
    my $a = $i->imap(user => $ALICE);
    ($self->{capability}) = $a->ok('CAPABILITY');
    $a->ok("CREATE $_") for 'INBOX.Work', 'INBOX.Target';
    $a->ok("SETACL INBOX.Work $BOB lrswi");
    $a->ok("SUBSCRIBE INBOX.$_") for 'Work', 'Target';
    for my $box ('INBOX', 'INBOX.Work', 'INBOX.Work', 'INBOX.Work') {
        $a->ok("APPEND $box ", \message($self->fresh_id));
    }
    $a->logout;
    $i->fill($_, map { message($self->fresh_id) } 1 .. 2) for $BOB, $CAROL;
    $self->adopt($self->observe);
}

sub adopt { my ($self, $seen) = @_; $self->{seen} = $seen; return $seen }
sub facts { my ($self) = @_; return $self->{seen}{facts} }

# Names of the messages in a mailbox, in order of their UIDs.
sub ids {
    my ($self, $box) = @_;
    my $uids = $self->{seen}{boxes}{$box}{uids} || {};
    return map { $uids->{$_}{id} } sort { $a <=> $b } keys %$uids;
}

# { id => uid } of a mailbox.
sub uids {
    my ($self, $box) = @_;
    my $uids = $self->{seen}{boxes}{$box}{uids} || {};
    return map { $uids->{$_}{id} => $_ } keys %$uids;
}

sub has_capability { my ($self, $name) = @_; return ($self->{capability} // '') =~ / \Q$name\E\b/ }

# Commands of a user that are not under examination: texts, or lists with literals.
sub aside {
    my ($self, $user, @commands) = @_;
    my $c = $self->{i}->imap(user => $user);
    $c->ok(ref $_ ? @$_ : $_) for @commands;
    $c->logout;
    $self->adopt($self->observe);
}

# Keep it small: mailboxes that operations have made go, and messages beyond a dozen.
sub tidy {
    my ($self) = @_;
    my @boxes = grep { !/^user\.(?:$ALICE|$BOB|$CAROL|$ALICE\.(?:Work|Target))\z/ } sort { $b cmp $a } keys %{ $self->{seen}{boxes} };
    my @commands = @boxes > 5 ? map { (my $b = $_) =~ s/^user\.$ALICE/INBOX/; "DELETE $b" } @boxes : ();
    for my $box ('', '.Work', '.Target') {
        push @commands, "SELECT INBOX$box", 'STORE 1:8 +FLAGS.SILENT (\\Deleted)', 'EXPUNGE', 'UNSELECT' if $self->ids("user.$ALICE$box") > 12;
    }
    push @commands, map { [ 'APPEND INBOX.Work ', \message($self->fresh_id) ] } 1 .. 2 if $self->ids($WORK) < 2;
    $self->aside($ALICE, @commands) if @commands;
}

# ---- looking
# The server's mailbox name for alice, bob, carol: INBOX.x -> user.alice.x
sub full_name { my ($user, $box) = @_; (my $full = $box) =~ s/^INBOX/user.$user/; return $full }

# Everything is asked at once, so that the answer costs few turns of the processor.
sub observe {
    my ($self) = @_;
    my $i = $self->{i};
    my $seen = { facts => {}, boxes => {}, bad => [] };
    my %c = map { $_ => Halcyon::Client->imap(port => $i->{port}{imap}) } users(), 'cyrus';
    my %asked = map { $_ => [ "LOGIN $_ secret", 'LIST "" INBOX*', 'LSUB "" *' ] } users();
    push @{ $asked{$ALICE} }, 'GETACL INBOX.Work';
    push @{ $asked{$ALICE} }, 'GETMETADATA INBOX.Work /private/comment' if $self->has_capability('METADATA');
    $asked{cyrus} = [ 'LOGIN cyrus secret', "GETQUOTA user.$ALICE" ];
    _send_all($c{$_}, $asked{$_}) for keys %asked;
    my %told = map { $_ => _receive_all($seen, $c{$_}, $asked{$_}) } keys %asked;
    my (%boxes, %roused, %wanted);
    for my $user (users()) {
        my @r = @{ $told{$user} };
        $boxes{$user} = [ map { /^\* LIST \((?!.*(?:Noselect|NonExistent)).*?\) "." "?([^"]*)"?\z/i ? $1 : () } @{ $r[1]{untagged} } ];
        for (@{ $r[2]{untagged} }) { $seen->{facts}{"sub $user $1"} = 1 if /^\* LSUB \(.*?\) "." "?([^"]*)"?\z/ }
        my @asks = ((map { _ask_box($_) } @{ $boxes{$user} }), $user eq $BOB ? _ask_box($WORK) : ());
        $wanted{$user} = [ @asks, 'LOGOUT' ];
        $roused{$user} = [ grep { /^EXAMINE/ } @asks ];
    }
    ($seen->{facts}{"acl $WORK"}) = grep { /^\* ACL/ } @{ $told{$ALICE}[3]{untagged} };
    if (my $meta = $told{$ALICE}[4]) { for (@{ $meta->{untagged} }) { $seen->{facts}{"meta $WORK"} = $1 if /comment"? "(.*?)"/ } }
    for (@{ $told{cyrus}[1]{untagged} }) {
        $seen->{facts}{"quota user.$ALICE"} = join ' ', /(STORAGE|MESSAGE) \d+ (\d+)/g if /^\* QUOTA/;
    }
    # Opening carries out what the dead have left, in other mailboxes too: what is seen comes after that.
    for my $asks (\%roused, \%wanted) {
        _send_all($c{$_}, $asks->{$_}) for users();
        %told = map { $_ => _receive_all($seen, $c{$_}, $asks->{$_}) } users();
    }
    for my $user (users()) {
        my @r = @{ $told{$user} };
        _own_box($seen, full_name($user, $_), splice @r, 0, 2) for @{ $boxes{$user} };
        _box_of_other($seen, $WORK, $BOB, @r[ 0, 1 ]) if $user eq $BOB;
    }
    $_->close for values %c;
    return $seen;
}

sub _ask_box { my ($box) = @_; return ("EXAMINE \"$box\"", 'UID FETCH 1:* (FLAGS MODSEQ ENVELOPE BODY.PEEK[])') }

sub _send_all {
    my ($c, $commands) = @_;
    my $n = 0;
    $c->send(join '', map { "b" . ++$n . " $_\r\n" } @$commands);
}

sub _receive_all {
    my ($seen, $c, $commands) = @_;
    my @replies;
    for my $n (1 .. @$commands) {
        my $r = $c->finish("b$n");
        push @replies, $r;
        push @{ $seen->{bad} }, "$commands->[ $n - 1 ]: $r->{status} $r->{text}" if $r->{status} ne 'OK' && $commands->[ $n - 1 ] !~ /^UID FETCH/;
    }
    return \@replies;
}

# The messages of a FETCH reply: [ uid, flags, modseq, id ], with id undef when the bytes are not those sent.
sub _messages {
    my ($fetch) = @_;
    my @found;
    for my $line (@{ $fetch->{untagged} }) {
        my ($items, $body) = $line =~ /^\* \d+ FETCH \((.*?)BODY\[\] (?:\{\d+\}\r\n|")(.*)\)\z/s or next;
        my ($uid) = $items =~ /UID (\d+)/;
        my ($flags) = $items =~ /FLAGS \((.*?)\)/;
        my ($modseq) = $items =~ /MODSEQ \((\d+)\)/;
        my ($id) = $body =~ /^X-Id: (\S+)\r$/m;
        my $whole = message($id // '');
        undef $id if defined $id && (substr($body, -length $whole) ne $whole || $items !~ /ENVELOPE \("[^"]*" "about \Q$id\E" /);
        push @found, [ $uid, join(' ', sort grep { !/Recent/ } split ' ', $flags), $modseq, $id ];
    }
    return @found;
}

sub _own_box {
    my ($seen, $full, $examine, $fetch) = @_;
    return if $examine->{status} ne 'OK';
    my %b = (uids => {}, exists => 0);
    for (@{ $examine->{untagged} }, "* OK [$examine->{text}") {
        $b{lc $1} = $2 if /\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)/;
        $b{exists} = $1 if /^\* (\d+) EXISTS/;
    }
    $seen->{facts}{"box $full"} = 1;
    my ($last, $n) = (0, 0);
    for (_messages($fetch)) {
        my ($uid, $flags, $modseq, $id) = @$_;
        $n++;
        push @{ $seen->{bad} }, "$full: UID $uid follows $last" if $uid <= $last;
        $last = $uid;
        if (!defined $id) { push @{ $seen->{bad} }, "$full: the bytes of UID $uid are wrong"; next }
        push @{ $seen->{bad} }, "$full: $id is there twice" if exists $seen->{facts}{"msg $full $id"};
        $seen->{facts}{"msg $full $id"} = $flags;
        $b{uids}{$uid} = { id => $id, modseq => $modseq };
    }
    push @{ $seen->{bad} }, "$full: $b{exists} messages, $n could be read ($fetch->{status} $fetch->{text})" if $n != $b{exists};
    push @{ $seen->{bad} }, "$full: UID $last, UIDNEXT $b{uidnext}" if $last >= $b{uidnext};
    $seen->{boxes}{$full} = \%b;
}

# Of somebody else's mailbox: the own \Seen.
sub _box_of_other {
    my ($seen, $full, $who, $examine, $fetch) = @_;
    for (_messages($fetch)) {
        my ($uid, $flags, $modseq, $id) = @$_;
        $seen->{facts}{"seen $who $full $id"} = 1 if defined $id && $flags =~ /Seen/;
    }
}

# Mailboxes that wait for their end are mailboxes too: opening one repairs it.
sub open_deleted {
    my ($self) = @_;
    my $c = $self->{i}->imap(user => 'cyrus');
    for my $box (map { /(DELETED\.[^ "]+)/ ? $1 : () } $c->ok('LIST "" DELETED.*')) {
        $c->ok("SETACL $box cyrus lrs");
        $c->ok("EXAMINE $box");
    }
    $c->logout;
}

# ---- judging
# What is wrong with `now`, seen after the facts `was` and the parts of operations in between.  A part:
# { acked => bool, set => { fact => value or undef } }.  Parts come in the order in which they were asked for.
sub judge {
    my ($was, $now, @parts) = @_;
    my @bad = @{ $now->{bad} };
    my %expected = %{ $was->{facts} };
    my %have = %{ $now->{facts} };
    my $is = sub { my ($k, $v) = @_; return defined $v ? defined $have{$k} && $have{$k} eq $v : !defined $have{$k} };
    for my $p (@parts) {
        my $set = $p->{set};
        my $same = sub { my ($e, $s) = ($expected{ $_[0] }, $set->{ $_[0] }); return defined $e && defined $s ? $e eq $s : !defined $e && !defined $s };
        my @done = grep { $is->($_, $set->{$_}) && !$same->($_) } keys %$set;
        my @not = grep { !$is->($_, $set->{$_}) } keys %$set;
        my @undone = grep { !$is->($_, $expected{$_}) } keys %$set;
        if ($p->{acked}) { push @bad, map { "lost: $_ was acknowledged" . _instead(\%have, $_) } @not }
        elsif (@not && @undone) { push @bad, 'half effect: done ' . join(', ', sort @done) . '; not done ' . join(', ', sort @not) }
        if (!@not || $p->{acked} || @undone) { @expected{ keys %$set } = map { $have{$_} } keys %$set }
    }
    for my $k (sort keys %{ { %expected, %have } }) {
        my ($e, $h) = ($expected{$k}, $have{$k});
        next if defined $e && defined $h ? $e eq $h : !defined $e && !defined $h;
        push @bad, !defined $h ? "lost: $k" : !defined $e ? "appeared: $k" : "changed: $k from ($e) to ($h)";
    }
    push @bad, _backwards($was, $now);
    return @bad;
}

sub _instead { my ($have, $k) = @_; return defined $have->{$k} ? ", there is ($have->{$k})" : ', it is not there' }

# Numbers that may only grow.
sub _backwards {
    my ($was, $now) = @_;
    my @bad;
    for my $box (sort keys %{ $was->{boxes} }) {
        my ($w, $n) = ($was->{boxes}{$box}, $now->{boxes}{$box} // next);
        if ($w->{uidvalidity} != $n->{uidvalidity}) {
            push @bad, "$box: UIDVALIDITY $n->{uidvalidity} after $w->{uidvalidity}" if $n->{uidvalidity} < $w->{uidvalidity};
            next;
        }
        for my $what ('uidnext', 'highestmodseq') {
            push @bad, "$box: $what $n->{$what} after $w->{$what}" if $n->{$what} < $w->{$what};
        }
        for my $uid (keys %{ $n->{uids} }) {
            my ($before, $after) = ($w->{uids}{$uid}, $n->{uids}{$uid});
            if ($before) {
                push @bad, "$box: UID $uid was $before->{id}, is $after->{id}" if $before->{id} ne $after->{id};
                push @bad, "$box: UID $uid has MODSEQ $after->{modseq} after $before->{modseq}" if $after->{modseq} < $before->{modseq};
            } elsif ($uid < $w->{uidnext}) {
                push @bad, "$box: UID $uid is new, UIDNEXT was $w->{uidnext}";
            }
        }
    }
    return @bad;
}

# Observe, judge, take over; returns what is wrong.
sub check {
    my ($self, @parts) = @_;
    my $now = $self->observe;
    my @bad = judge($self->{seen}, $now, @parts);
    $self->adopt($now);
    return @bad;
}

# What no client sees, and what need not survive a power cut: a cache entry is made again when it is asked
# for, the internal date stands in the index too.
our $REMADE = qr/(?:cache record is broken|file time is not the internal date)\z/;

# The files, read without our code.  A record without a place in the cache is one whose cache entry will
# be made when it is asked for: the cache is derived.
sub files { my ($self) = @_; return grep { !/: no cache record\z/ } Halcyon::Spool::problems($self->{i}) }

1;
