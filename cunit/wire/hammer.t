#!/usr/bin/perl
# hammer.t - eight clients work on one mailbox at the same time, then everything must add up
#
# Each client appends, copies, flags, deletes, expunges and idles at random, and writes down what it was
# told.  Only client n ever changes keyword kn (on anybody's message), and each deletes only messages of
# its own: so the end state is known, whatever the order was.  All the time each client follows the
# untagged responses and compares the message numbers it derives from them with the server's.
# HALCYON_LONG=1: a minute instead of 15 seconds.  HALCYON_SEED repeats the random choices of a run.
#
# covers: NS-37 IM-01 IM-03 IM-09 IM-29 PT-13 PT-14 PT-32 QU-01 NM-07
use strict;
use warnings;
use POSIX ();
use Storable qw(nstore retrieve);
use Test::More;
use Time::HiRes qw(time);
use Halcyon::Spool;
use Halcyon::Test;

my $seconds = $ENV{HALCYON_LONG} ? 60 : 15;
my $seed = $ENV{HALCYON_SEED} || (time * 1000) % 1_000_000_000;
use constant CLIENTS => 8;

my $i = Halcyon::Test->new(idled => 1);
$i->create_users('alice');
my $admin = $i->imap(user => 'cyrus');
$admin->ok('SETQUOTA user.alice (STORAGE 1000000 MESSAGE 1000000)');
$admin->logout;

# ---- one client: its view of the mailbox and its notes
my ($c, $me, %notes, @view, $known_exists);

sub note_problem { push @{ $notes{problems} }, "client $me: $_[0]" if @{ $notes{problems} || [] } < 20 }

# Untagged responses change the view; during FETCH, STORE and SEARCH no message may go.
sub follow {
    my ($may_expunge, @lines) = @_;
    for (@lines) {
        if (/^\* (\d+) EXPUNGE/) {
            note_problem("EXPUNGE where it is forbidden") unless $may_expunge;
            note_problem("EXPUNGE of $1 of $known_exists") if $1 < 1 || $1 > $known_exists;
            splice @view, $1 - 1, 1;
            $known_exists--;
        } elsif (/^\* (\d+) EXISTS/) {
            note_problem("EXISTS went down from $known_exists to $1 without EXPUNGE") if $1 < $known_exists;
            $known_exists = $1;
            push @view, (0) x ($known_exists - @view);          # 0: the UID is not known yet
        } elsif (/^\* (\d+) FETCH \(.*\bUID (\d+)/s) {
            learn($1, $2);
        } elsif (/^\* (\d+) FETCH/ && $1 > $known_exists) {
            note_problem("FETCH of $1 of $known_exists");
        }
    }
}

sub learn {
    my ($n, $uid) = @_;
    return note_problem("FETCH of $n of $known_exists") if $n > $known_exists;
    note_problem("number $n has UID $uid, had $view[$n - 1]") if $view[ $n - 1 ] && $view[ $n - 1 ] != $uid;
    $view[ $n - 1 ] = $uid;
}

sub run {
    my ($may_expunge, @command) = @_;
    my $r = $c->cmd(@command);
    follow($may_expunge, @{ $r->{untagged} });
    return $r;
}

# The server's numbering against ours.
sub check_view {
    my ($exists, $last) = ($known_exists, 0);           # what comes meanwhile is told, not fetched
    run(0, 'FETCH 1:* (UID)') if $exists;
    for my $n (1 .. $exists) {
        my $uid = $view[ $n - 1 ];
        note_problem("message $n of $exists is not told"), last unless $uid;
        note_problem("UID $uid follows $last") if $uid <= $last;
        $last = $uid;
    }
}

sub any_of { my ($list) = @_; return @$list ? $list->[ rand @$list ] : undef }
sub mine { return [ grep { !$notes{deleted}{$_} } keys %{ $notes{made} } ] }

my %DO = (
    append => sub {
        my $id = "$me." . ++$notes{n};
        my $flags = rand() < 0.3 ? "(k$me) " : rand() < 0.2 ? '(\Seen) ' : '';
        my $text = "From: c$me\@example.org\r\nSubject: $id\r\nX-Id: $id\r\n\r\n" . "body of $id\r\n" x (1 + rand 40);
        my $r = run(1, "APPEND INBOX $flags", \$text);
        return note_problem("APPEND: $r->{status} $r->{text}") unless $r->{status} eq 'OK';
        my ($uid) = $r->{text} =~ /APPENDUID \d+ (\d+)/ or return note_problem("no APPENDUID: $r->{text}");
        $notes{made}{$uid} = $id;
        $notes{keyword}{$uid} = 1 if $flags =~ /k/;
    },
    copy => sub {
        my $from = any_of(mine()) // return;
        my $r = run(1, "UID COPY $from INBOX");
        return unless $r->{status} eq 'OK';
        my ($uid) = $r->{text} =~ /COPYUID \d+ $from (\d+)/ or return note_problem("COPY of own message $from: $r->{text}");
        $notes{made}{$uid} = $notes{made}{$from};
        $notes{inherited}{$uid} = $from;                # all keywords as the source had them at that moment
    },
    store => sub {
        my $uid = any_of([ grep { $_ } @view ]) // return;
        my $on = rand() < 0.5 ? 1 : 0;
        my $r = run(1, "UID STORE $uid " . ($on ? '+' : '-') . 'FLAGS' . (rand() < 0.5 ? '.SILENT' : '') . " (k$me)");
        $notes{keyword}{$uid} = $on if $r->{status} eq 'OK';
        $notes{unsure}{$uid} = 1 if $r->{status} ne 'OK';
    },
    flags => sub {
        return unless $known_exists;
        my $n = 1 + int rand $known_exists;
        run(0, "STORE $n " . (rand() < 0.5 ? '+' : '-') . 'FLAGS (\Seen \Flagged)');
    },
    delete => sub {
        my $uid = any_of(mine()) // return;
        my $r = run(1, "UID STORE $uid +FLAGS.SILENT (\\Deleted)");
        $notes{deleted}{$uid} = 1;
        note_problem("own message $uid cannot be deleted: $r->{text}") unless $r->{status} eq 'OK';
    },
    expunge => sub {
        my $r = run(1, rand() < 0.5 ? 'EXPUNGE' : 'UID EXPUNGE 1:*');
        note_problem("EXPUNGE: $r->{status} $r->{text}") unless $r->{status} eq 'OK';
    },
    noop => sub { run(1, 'NOOP'); check_view() },
    fetch => sub {
        return unless $known_exists;
        my $n = 1 + int rand $known_exists;
        my $r = run(0, "FETCH $n (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Id)] RFC822.SIZE)");
        for (@{ $r->{untagged} }) {
            my ($uid) = /UID (\d+)/ or next;
            my ($id) = /X-Id: (\S+)/ or next;
            note_problem("UID $uid is $id, was appended as $notes{made}{$uid}") if defined $notes{made}{$uid} && $notes{made}{$uid} ne $id;
        }
    },
    search => sub { run(0, "SEARCH KEYWORD k$me UNDELETED") },
    idle => sub {
        my $tag = $c->start('IDLE');
        my $r = $c->response;
        while ($r !~ /^\+/) { follow(1, $r); $r = $c->response }
        my $until = time + rand 0.4;
        my $sel = IO::Select->new($c->{sock});
        while (time < $until && $sel->can_read($until - time)) { follow(1, $c->response) }
        $c->send("DONE\r\n");
        $r = $c->finish($tag);
        follow(1, @{ $r->{untagged} });
        note_problem("IDLE: $r->{status} $r->{text}") unless $r->{status} eq 'OK';
    },
);
my @WEIGHTED = map { my ($what, $times) = @$_; ($what) x $times }
    [ append => 20 ], [ copy => 8 ], [ store => 20 ], [ flags => 8 ], [ delete => 8 ], [ expunge => 4 ], [ noop => 8 ], [ fetch => 10 ], [ search => 4 ], [ idle => 5 ];

sub work {
    ($me) = @_;
    srand $seed + $me;
    %notes = (made => {}, deleted => {}, keyword => {}, inherited => {}, unsure => {}, problems => [], n => 0, ops => 0);
    $c = $i->imap(user => 'alice');
    $known_exists = 0;
    follow(1, $c->ok('SELECT INBOX'));
    my $end = time + $seconds;
    while (time < $end) {
        my $what = $WEIGHTED[ rand @WEIGHTED ];
        eval { $DO{$what}->(); 1 } or do { note_problem("$what: $@"); last };
        $notes{ops}++;
        $notes{did}{$what}++;
    }
    eval { run(1, 'NOOP'); check_view(); $c->logout; 1 } or note_problem("at the end: $@");
    return \%notes;
}

# ---- start them
my %child;
for my $n (1 .. CLIENTS) {
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        my $notes = eval { work($n) } || { problems => ["client $n: $@"] };
        nstore($notes, $i->path("notes.$n"));
        POSIX::_exit(0);
    }
    $child{$pid} = $n;
}
END { kill 'KILL', keys %child }
for my $pid (keys %child) {
    waitpid $pid, 0;
    is($?, 0, "client $child{$pid} came to its end");
}
%child = ();
my @notes = map { retrieve($i->path("notes.$_")) } 1 .. CLIENTS;
my $ops = 0;
$ops += $_->{ops} // 0 for @notes;
diag(sprintf "seed %d: %d operations in %d s by %d clients", $seed, $ops, $seconds, CLIENTS);
my @problems = map { @{ $_->{problems} } } @notes;
is(scalar @problems, 0, 'no client saw a wrong number, UID or answer') or diag(join "\n", @problems[0 .. ($#problems < 30 ? $#problems : 30)]);
cmp_ok($ops, '>', CLIENTS * 10, 'all of them worked');

# ---- what must be there now
@problems = ();
my (%made, %deleted);
for my $n (@notes) {
    for my $uid (keys %{ $n->{made} }) {
        push @problems, "UID $uid was given twice" if $made{$uid};
        $made{$uid} = $n->{made}{$uid};
    }
    $deleted{$_} = 1 for keys %{ $n->{deleted} };
}
$c = $i->imap(user => 'alice');
my @select = $c->ok('SELECT INBOX');
my ($uidnext) = "@select" =~ /UIDNEXT (\d+)/;
$c->ok('EXPUNGE');
my %found;
my $last = 0;
for my $line ($c->ok('FETCH 1:* (UID FLAGS BODY.PEEK[])')) {
    my ($uid, $flags) = $line =~ /FLAGS \((.*?)\).*?UID (\d+)/ ? ($2, $1) : $line =~ /UID (\d+).*?FLAGS \((.*?)\)/ or next;
    push @problems, "UID $uid follows $last" if $uid <= $last;
    $last = $uid;
    my ($id) = $line =~ /^X-Id: (\S+)\r$/m;
    push @problems, "UID $uid: the body is not that of $id" if $line !~ /\r\n\r\n(?:body of \Q$id\E\r\n)+\)\z/;
    $found{$uid} = { id => $id, map { $_ => 1 } $flags =~ /\b(k\d)\b/g };
}
push @problems, "UIDNEXT $uidnext is not above $last" if $last >= $uidnext;
for my $uid (sort { $a <=> $b } keys %made) {
    if ($deleted{$uid}) {
        push @problems, "UID $uid was deleted and is there" if $found{$uid};
    } elsif (!$found{$uid}) {
        push @problems, "UID $uid ($made{$uid}) was acknowledged and is not there";
    } elsif ($found{$uid}{id} ne $made{$uid}) {
        push @problems, "UID $uid is $found{$uid}{id}, must be $made{$uid}";
    }
}
push @problems, map { "UID $_ ($found{$_}{id}) was put there by nobody" } grep { !$made{$_} } keys %found;
for my $uid (grep { !$deleted{$_} && $found{$_} } keys %made) {
    for my $n (1 .. CLIENTS) {
        my $own = $notes[ $n - 1 ];
        next if $own->{unsure}{$uid};
        # a copy took over what its source had: known only once its keyword was set again
        next if grep({ $_->{inherited}{$uid} } @notes) && !exists $own->{keyword}{$uid};
        my ($is, $must) = map { $_ ? 1 : 0 } $found{$uid}{"k$n"}, $own->{keyword}{$uid};
        push @problems, "UID $uid: keyword k$n is $is, its client's last word was $must" if $is != $must;
    }
}
is(scalar @problems, 0, 'every acknowledged change is there, and nothing else') or diag(join "\n", @problems[0 .. ($#problems < 30 ? $#problems : 30)]);
cmp_ok(scalar keys %found, '>', 10, 'messages are left to look at');
$c->logout;
$i->stop;
my @spool = Halcyon::Spool::problems($i);
is(scalar @spool, 0, 'index, cache, message files and quota are sound') or diag(join "\n", @spool[0 .. ($#spool < 30 ? $#spool : 30)]);
is($i->faults, '', 'no process reported a fault');
done_testing();
