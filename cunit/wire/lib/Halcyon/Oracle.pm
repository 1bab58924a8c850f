package Halcyon::Oracle;
# Halcyon::Oracle - one varied store, and everything a server says about it, to be compared
#
#   journey('', 'cyrus', sub { my ($problems, $title) = @_; ... });
#
# Answers are compared by meaning: an atom, a quoted string and a literal of the same bytes are the
# same; flags and rights have no order; all else counts but for the table of intended differences.
use strict;
use warnings;
use Halcyon::Corpus;
use Halcyon::Spool;
use Halcyon::Test;

our %USERS = (alice => 'secret', bob => 'secret', carol => 'secret', cyrus => 'secret');
our %CONF = (munge8bit => 'no', reject8bit => 'no', autocreate_post => 'no', duplicatesuppression => 'no');

# ---- a store with something of everything
sub populate {
    my ($i) = @_;
    my @messages = Halcyon::Corpus::load();
    push @messages, map { Halcyon::Corpus::made($_) } 1 .. 31 if $messages[0]{name} !~ /^made/;
    my $admin = $i->imap(user => 'cyrus');
    $admin->ok("CREATE $_") for qw(user.alice user.bob user.carol shared shared.news);
    $admin->ok('SETACL shared anyone lrsip');
    $admin->ok('SETACL shared.news alice lrswipkxtea');
    $admin->ok('SETACL shared.news bob lrs');
    $admin->ok('SETACL shared.news -carol r');
    $admin->ok('SETQUOTA user.alice (STORAGE 100000 MESSAGE 5000)');
    $admin->ok('SETQUOTA shared (STORAGE 50000)');
    my %c = map { $_ => $i->imap(user => $_) } qw(alice bob carol);
    my $a = $c{alice};
    $a->ok("CREATE $_") for 'INBOX.Sent', 'INBOX.Work', 'INBOX.Work.Old', '"INBOX.With Space"', 'INBOX.Entw&APw-rfe', 'INBOX.Temp', 'INBOX.Gone', 'INBOX.Empty';
    $a->ok('SETACL INBOX.Work bob lrswi');
    $a->ok('SETACL INBOX.Work -carol lr');
    $a->ok('SETACL INBOX.Sent anyone p');
    $a->ok("SUBSCRIBE $_") for 'INBOX', 'INBOX.Work', '"INBOX.With Space"', 'INBOX.Entw&APw-rfe', 'shared';
    $c{bob}->ok("SUBSCRIBE $_") for 'user.alice.Work', 'shared.news';

    # by LMTP and by APPEND, with flags and dates
    my $lmtp = $i->lmtp;
    $lmtp->lmtp_cmd('LHLO client.example.org');
    my @flags = ('', '(\Seen) ', '(\Flagged \Answered) ', '(\Draft \Deleted Kw1 $Label2) ', '(kw1 Project-X \Seen) ');
    my @zones = qw(+0000 -0800 +1245);
    my @boxes = ('INBOX.Sent', 'INBOX.Work', '"INBOX.With Space"', 'INBOX.Temp');
    for my $n (0 .. $#messages) {
        my $m = $messages[$n]{bytes};
        if ($n % 2) {
            my @r = $lmtp->deliver($n % 9 == 1 ? '' : 'sender@example.org', $n % 10 == 1 ? [ 'alice', 'bob', 'alice+Sent' ] : ['alice'], $m);
            my ($no) = grep { !/^250/ } @r;
            die "delivery of $messages[$n]{name}: $no" if defined $no && $no !~ /^554 5\.6\.0/;     # broken header
        } else {
            my $date = sprintf '"%2d-%s-20%02d %02d:%02d:%02d %s" ', 1 + $n % 28, (qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec))[ $n % 12 ], $n % 27, $n % 24, $n % 60, $n % 59, $zones[ $n % 3 ];
            my $r = $a->cmd("APPEND $boxes[ ($n >> 1) % @boxes ] $flags[ ($n >> 1) % @flags ]" . ($n % 4 ? '' : $date), \$m);
            die "APPEND of $messages[$n]{name}: $r->{text}" unless $r->{status} eq 'OK' || $r->{text} =~ /invalid header/;
        }
    }
    $lmtp->lmtp_cmd('QUIT');
    $c{carol}->ok('APPEND shared ', \Halcyon::Corpus::made(1)->{bytes});
    $a->ok('APPEND shared.news (\Seen) ', \Halcyon::Corpus::made($_)->{bytes}) for 2 .. 6;

    # flags, copies, moves, expunges
    $a->ok('SELECT INBOX');
    $a->ok('UID STORE 1:20 +FLAGS.SILENT (\Seen)');
    $a->ok('UID STORE 5:9,40 +FLAGS.SILENT (\Flagged $Forwarded)');
    $a->ok('UID STORE 11 FLAGS (\Answered UnusedLater)');
    $a->ok('UID STORE 11 -FLAGS (UnusedLater)');
    $a->ok('UID STORE 13:15,50:60 +FLAGS.SILENT (\Deleted)');
    $a->ok('UID EXPUNGE 13:14,50:60');
    $a->ok('UID COPY 1:12 INBOX.Work.Old');
    $a->ok('UID MOVE 30:33 INBOX.Work.Old');
    $a->ok('UNSELECT');
    $a->ok('SELECT INBOX.Temp');
    $a->ok('STORE 1:3 +FLAGS (\Deleted)');
    $a->ok('CLOSE');
    $a->ok('RENAME INBOX.Temp INBOX.Renamed');
    $a->ok('DELETE INBOX.Gone');
    $a->ok('CREATE INBOX.Gone');

    # annotations (none by administrators on shared mailboxes: 3.6.1 dies of them)
    $a->ok('SETMETADATA INBOX (/private/comment "mine" /shared/comment ', \"of two\r\nlines", ' /shared/vendor/cmu/cyrus-imapd/expire "30")');
    $a->ok('SETMETADATA INBOX (/shared/vendor/cmu/cyrus-imapd/sieve "script" /shared/check "true")');
    $a->ok('SETMETADATA INBOX.Sent (/private/specialuse "\\\\Sent" /private/vendor/cmu/cyrus-imapd/sortorder "5")');
    $a->ok('SETMETADATA INBOX.Work (/shared/vendor/cmu/cyrus-imapd/duplicatedeliver "true" /shared/vendor/cmu/cyrus-imapd/pop3showafter "21-Nov-2025 20:00:00 +0000")');
    $a->ok('SETMETADATA INBOX.Renamed (/shared/comment "goes again")');
    $a->ok('SETMETADATA INBOX.Renamed (/shared/comment NIL /private/comment "stays")');
    $a->ok('SETMETADATA "" (/private/comment "of the server")');
    $a->ok('CREATE INBOX.Drafts (USE (\Drafts))');
    $admin->ok('SETMETADATA "" (/shared/comment "for all" /shared/vendor/cmu/cyrus-imapd/expire "60")');
    $c{bob}->ok('SETMETADATA user.alice.Work (/private/comment "of bob" /shared/comment "by bob")');

    # others' view: own seen state in mailboxes of another
    my $b = $c{bob};
    $b->ok('SELECT user.alice.Work');
    $b->ok('STORE 2,4:6 +FLAGS (\Seen)');
    $b->ok('STORE 3 +FLAGS (\Flagged BobsOwn)');
    $b->ok('SELECT shared.news');
    $b->ok('STORE 1:2 +FLAGS.SILENT (\Seen)');
    $b->ok('SELECT INBOX');
    $b->ok('STORE 1 +FLAGS (\Deleted)');
    $b->ok('UNSELECT');
    $_->logout for values %c, $admin;
}

# A few changes of every kind, for the second server to make to what the first one wrote.
sub change {
    my ($i) = @_;
    my $a = $i->imap(user => 'alice');
    $a->ok('SELECT INBOX');
    $a->ok('UID STORE 2 -FLAGS (\Seen)');
    $a->ok('UID STORE 3 +FLAGS (\Answered NewKw)');
    $a->ok('UID STORE 15 +FLAGS (\Deleted)');
    $a->ok('EXPUNGE');
    $a->ok('UID COPY 5 INBOX.Empty');
    $a->ok('UID MOVE 6 INBOX.Sent');
    $a->ok('APPEND INBOX (Kw1 \Seen) "01-Feb-2015 10:00:00 +0100" ', \Halcyon::Corpus::made(40)->{bytes});
    $a->ok('UNSELECT');
    $a->ok('CREATE INBOX.Later');
    $a->ok('RENAME INBOX.Renamed INBOX.Again');
    $a->ok('DELETE "INBOX.With Space"');
    $a->ok('SETACL INBOX.Work carol lrs');
    $a->ok('DELETEACL INBOX.Work -carol');
    $a->ok('UNSUBSCRIBE INBOX.Work');
    $a->ok('SUBSCRIBE INBOX.Later');
    $a->ok('SETMETADATA INBOX (/private/comment NIL /shared/comment "new" /shared/thread "REFERENCES")');
    $a->ok('SETMETADATA INBOX.Drafts (/private/specialuse "\\\\Archive")');
    $a->ok('CREATE INBOX.Bin (USE (\Trash))');
    $a->logout;
    my $b = $i->imap(user => 'bob');
    $b->ok('SELECT user.alice.Work');
    $b->ok('STORE 1 +FLAGS (\Seen)');
    $b->ok('STORE 2 -FLAGS (\Seen)');
    $b->ok('SELECT INBOX');
    $b->ok('EXPUNGE');
    $b->logout;
    my $admin = $i->imap(user => 'cyrus');
    $admin->ok('SETQUOTA user.alice (STORAGE 90000)');
    $admin->ok('CREATE user.dave');
    $admin->logout;
    $i->fill('bob', Halcyon::Corpus::made(41)->{bytes});
}

# Take over configuration and mail directories of a stopped instance; file times matter.
sub adopt {
    my ($to, $from) = @_;
    for my $dir ('conf', 'spool') {
        system('rm', '-rf', "$to->{dir}/$dir") == 0 or die "rm: $?";
        system('cp', '-a', "$from->{dir}/$dir", "$to->{dir}/$dir") == 0 or die "cp: $?";
    }
    for my $name ('socket', 'proc', 'lock') {
        system('rm', '-rf', "$to->{dir}/conf/$name") == 0 or die "rm: $?";
    }
    mkdir "$to->{dir}/conf/$_" for 'socket', 'proc';
    if ($> == 0 && $to->{account} ne 'root') {
        my ($uid, $gid) = (getpwnam $to->{account})[2, 3];
        chown $uid, $gid, map { "$to->{dir}/conf/$_" } 'socket', 'proc';
    }
}

# ---- what a server says
our @ITEMS = (qw(UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ ENVELOPE BODYSTRUCTURE BODY),
    map { "BODY.PEEK[$_]" } '', 'HEADER', 'TEXT', '1', '1.MIME', '2', '1.1', '2.HEADER', '2.1',
    'HEADER.FIELDS (Subject From To Date Message-ID References X-Mailer List-Id)', 'HEADER.FIELDS.NOT (Received To)', '1]<10.50>');
s/>\]\z/>/ for @ITEMS;

# { "user: command" => meaning }, with one entry per message and item.
sub tell_all {
    my ($i) = @_;
    my %said;
    for my $user ('alice', 'bob', 'carol', 'cyrus') {
        my $c = $i->imap(user => $user);
        my $note = sub {
            my ($cmd, $where) = @_;
            my $r = $c->cmd($cmd);
            my @lines = grep { $_ ne '' } map { meaning($_) } @{ $r->{untagged} };
            @lines = sort @lines unless $cmd =~ /^L/;
            $said{ "$user: " . ($where ? "$where " : '') . $cmd } = join "\n", @lines, $r->{status};
            return $r;
        };
        my $list = $note->('LIST "" *');
        $note->('LSUB "" *');
        $note->('NAMESPACE');
        $note->('XLIST "" INBOX*');
        $note->('GETMETADATA "" (DEPTH infinity) (/shared /private)');
        my @boxes = map { / "\." (.*)\z/s && !/Noselect/ ? $1 : () } @{ $list->{untagged} };
        for my $box (@boxes) {
            $note->("STATUS $box (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)") unless $user eq 'cyrus';
            $note->("$_ $box") for 'GETACL', 'MYRIGHTS', 'GETQUOTAROOT';
            next if $user eq 'cyrus';
            $note->("STATUS $box ($_)") for 'SIZE', 'MAILBOXID';
            $note->("GETMETADATA $box (DEPTH infinity) (/shared /private)") if $user ne 'carol';
            my $r = $note->("EXAMINE $box");
            next unless $r->{status} eq 'OK';
            for my $line (@{ $c->cmd("UID FETCH 1:* (@ITEMS)")->{untagged} }) {
                my ($n, $word, $list) = @{ parse($line) }[ 1 .. 3 ];
                next unless ($word // '') eq 'FETCH';
                my %item = @$list;
                for my $name (keys %item) {
                    $said{"$user: $box UID $item{UID} $name"} = dump_value($item{$name}, $name);
                }
                $said{"$user: $box UID $item{UID} number"} = $n;
            }
            $note->("UID SEARCH $_", $box) for 'ALL', 'UNSEEN', 'FLAGGED DELETED', 'KEYWORD kw1', 'SUBJECT re', 'FROM example', 'SENTSINCE 1-Jan-2011',
                'BODY linux', 'LARGER 4000', 'HEADER X-Mailer ""', 'TEXT "the kernel"', 'NOT SEEN OR FLAGGED ANSWERED', 'SINCE 1-Jan-2015';
            $c->cmd('UNSELECT');
        }
        $c->logout;
    }
    return \%said;
}

# Response text -> nested arrays of strings; strings that were atoms and those that were quoted alike.
sub parse {
    my ($text) = @_;
    my @stack = ([]);
    pos($text) = 0;
    while (pos($text) < length $text) {
        if ($text =~ /\G\s+/gc) { next }
        elsif ($text =~ /\G\(/gc) { push @stack, [] }
        elsif ($text =~ /\G\)/gc) { my $list = pop @stack; push @{ $stack[-1] }, $list }
        elsif ($text =~ /\G"((?:[^"\\]|\\.)*)"/gcs) { (my $s = $1) =~ s/\\(.)/$1/gs; push @{ $stack[-1] }, $s }
        elsif ($text =~ /\G\{(\d+)\}\r\n/gc) { push @{ $stack[-1] }, substr $text, pos $text, $1; pos($text) += $1 }
        elsif ($text =~ /\GNIL(?![^\s()])/gc) { push @{ $stack[-1] }, undef }
        elsif ($text =~ /\G((?:[^\s()"\[]|\[[^\]]*\])+)/gc) { push @{ $stack[-1] }, $1 }
        else { die 'cannot be parsed at ' . pos($text) . ": $text" }
    }
    return $stack[0];
}

# Lists whose order says nothing.
my %UNORDERED = map { $_ => 1 } qw(FLAGS PERMANENTFLAGS);

sub dump_value {
    my ($v, $name) = @_;
    return '~' unless defined $v;
    return "'$v'" unless ref $v;
    my @parts = map { dump_value($_) } @$v;
    @parts = sort map { lc } @parts if $UNORDERED{ $name // '' };
    return "(@parts)";
}

# One response without what is the server's own affair: the words after a response code; the order of
# rights, flags and attributes; times taken.
sub meaning {
    my ($line) = @_;
    return '' if $line =~ /^\* OK \[(?:ANNOTATIONS|URLMECH)/;         # EXAMINE: ours says READ-ONLY (RFC 5257 4.1); URLMECH: once ours had none
    return "* OK [$1]" if $line =~ /^\* OK \[((?!PERMANENTFLAGS)[^\]]*)\]/;
    if ($line =~ /^\* OK \[PERMANENTFLAGS \((.*?)\)\]/) { return '* OK PERMANENTFLAGS ' . join ' ', sort map { lc } split ' ', $1 }
    if ($line =~ /^\* FLAGS \((.*?)\)/) { return '* FLAGS ' . join ' ', sort map { lc } split ' ', $1 }
    my @parts = @{ parse($line) };
    if ($parts[1] eq 'ACL') {
        my ($star, $word, $box, %acl) = @parts;
        return "* ACL $box " . join ' ', map { "$_=" . join '', sort split //, $acl{$_} } sort keys %acl;
    }
    if ($parts[1] eq 'METADATA') {
        my ($star, $word, $box, $list) = @parts;
        my %value = @$list;
        delete @value{ grep { !defined $value{$_} || m{/freespace|/lastupdate} } keys %value };     # without a value; of the moment
        return "* METADATA $box " . join ' ', map { "$_=" . dump_value($value{$_}) } sort keys %value;
    }
    if ($parts[1] eq 'MYRIGHTS') { return "* MYRIGHTS $parts[2] " . join '', sort split //, $parts[3] }
    if ($parts[1] =~ /^(?:LIST|LSUB|XLIST)$/) { return "* $parts[1] (@{[ sort @{ $parts[2] } ]}) $parts[3] $parts[4]" }
    return dump_value(\@parts);
}

# What ours means to say otherwise than 3.6.1: which answers, when a difference is that one, and why.
our @INTENDED = (
    [ qr/ BODY\[TEXT\]$/, sub { my ($ours, $theirs) = @_; return $theirs eq "''" },
      '3.6.1 gives no text for a multipart whose boundary line never comes; the text is there (RFC 3501 6.4.5)' ],
    [ qr/ UID SEARCH (?:BODY|TEXT) /, sub { my ($ours, $theirs) = @_; my %have = map { $_ => 1 } $ours =~ /\d+/g; return !grep { !$have{$_} } $theirs =~ /\d+/g },
      '3.6.1 finds nothing in text of ISO-8859-1' ],
    [ qr/: LSUB /, sub { my ($ours, $theirs) = @_; my %have = map { $_ => 1 } split /\n/, $ours; return !grep { !$have{$_} } split /\n/, $theirs },
      '3.6.1 hides a subscription while there is no mailbox of that name; RFC 3501 6.3.9 lists what was subscribed' ],
);

sub _is_intended {
    my ($key, $ours, $theirs) = @_;
    return scalar grep { $key =~ $_->[0] && $_->[1]->($ours, $theirs) } @INTENDED;
}

# Texts of what differs and is not intended, shortened; both hashes as from tell_all.
sub differences {
    my ($ours, $theirs) = @_;
    my @found;
    for my $key (sort keys %{ { %$ours, %$theirs } }) {
        my ($l, $r) = map { $_ // '(nothing)' } $ours->{$key}, $theirs->{$key};
        next if $l eq $r || _is_intended($key, $l, $r);
        my $at = 0;
        $at++ while $at < length $l && $at < length $r && substr($l, $at, 1) eq substr($r, $at, 1);
        $at = $at > 60 ? $at - 60 : 0;
        push @found, join "\n    ", $key, map { my $t = substr $_, $at, 300; $t =~ s/\r/\\r/g; $t =~ s/\n/\\n/g; ($at ? '...' : '') . $t } $l, $r;
    }
    return \@found;
}

# The whole journey of a store between two kinds of server ('' is ours): written by the first, read and
# changed by the second, read by the first again.  Calls ok() style code as check(problems, title).
sub journey {
    my ($first, $second, $check) = @_;
    my $make = sub { return Halcyon::Test->new(peer => $_[0], users => \%USERS, conf => \%CONF, nostart => 1) };
    my $compare = sub { return $first eq '' ? differences($_[0], $_[1]) : differences($_[1], $_[0]) };
    my $i = $make->($first)->start;
    populate($i);
    my $said = tell_all($i);
    $i->stop;
    $check->([ Halcyon::Spool::problems($i) ], 'written: the files are sound');
    my $j = $make->($second);
    adopt($j, $i);
    $j->start;
    $check->($compare->($said, tell_all($j)), 'the second server says of every mailbox and message what the first said');
    change($j);
    $said = tell_all($j);
    $j->stop;
    $check->([ Halcyon::Spool::problems($j) ], 'changed by the second: the files are sound');
    adopt($i, $j);
    $i->start;
    $check->($compare->(tell_all($i), $said), 'the first server says after that what the second said');
    $i->stop;
    $check->([ grep { $_ ne '' } $i->faults, $j->faults ], 'no process reported a fault');
    return scalar keys %$said;
}

1;
