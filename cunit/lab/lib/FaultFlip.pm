package FaultFlip;
# FaultFlip - job F6: every byte of every metadata file flipped, every file cut at every length
#
# A point is "flip LABEL OFFSET BIT MODE" or "cut LABEL LENGTH MODE".  LABEL names a file without the
# random parts of its path; MODE is "live" (the damage happens under a running server), "held" (the
# same, and the sessions that read had read everything before) or "start" (the server starts after it).
# After the damage two users read all they have; each thing they are told is judged:
#   as before                                    harmless, or healed when the file is whole again
#   missing, and a command on that mailbox said so    reported
#   missing, nothing said                        silent     bound 0
#   flags that differ, and an ALERT for that mailbox    reported
#   entries of a database that differ, named in the log    named
#   different                                    wrong      bound 0
#   a process died or did not answer             crash, hang     bound 0
# Text files of the format that have no checksum (subscriptions, quota roots) can change their meaning
# without a trace: those changes are counted as "unchecked", and must stay within what the file says.
# The journal has its own judgement: FaultJournal.
use strict;
use warnings;
use FaultJournal;
use FaultLab;
use FaultProgram;
use FaultState;
use FaultTree;
use Halcyon::Spool;

# GAP: how far a number may jump when its last value is lost, so that none is given twice.
use constant { ZERO_RUN => 64, GAP => 1 << 22 };

# Files that are not metadata of mailboxes, or hold nothing.
my $NOT_HERE = qr{/sasldb2\z|\.lock\z|^conf/(?:lock|socket|proc|log|msg)/|/\d+\.\z};
# Facts that a file without a checksum may change, by label.
my @UNCHECKED = ([ qr{/sub\.db\z}, qr/LSUB / ], [ qr{^quota/}, qr/QUOTA/ ]);

# ---- labels: path without its random parts
sub labels {
    my ($tree) = @_;
    my (%box, %label);
    for my $rel (keys %{ $tree->{files} }) {
        next unless $rel =~ m{^spool/(.*)/cyrus\.header\z};
        my $dir = $1;
        my ($name) = $tree->bytes($rel) =~ / N ([^\s()]+)/;
        my ($id) = $dir =~ m{([^/]+)\z};
        $box{$id} = $name // $dir;
    }
    for my $rel (keys %{ $tree->{files} }) {
        next if $rel =~ $NOT_HERE || !length $tree->bytes($rel);
        my $label = $rel =~ s{^conf/}{}r;
        $label = ($1 ? 'of:' : '') . ($box{$2} // $2) . "/$3" if $label =~ m{^(?:spool|(user))/uuid/./.\/(\w+)/(.*)}s;
        $label = "clean:$label" if $label =~ m{^journal/};      # FaultJournal has it after a crash
        $label{$label} = $rel;
    }
    return \%label;
}

# Offsets worth a flip: all, but of long runs of zeros only the ends and a few between.
sub offsets {
    my ($bytes) = @_;
    my @at;
    my $rand = FaultLab::random('zeros');
    while ($bytes =~ /\G(?:(\0{200,})|(.))/gcs) {
        my ($from, $to) = ($-[0], $+[0] - 1);
        push @at, $from .. $to and next unless defined $1;
        push @at, $from .. $from + ZERO_RUN, $to - ZERO_RUN .. $to, map { $from + $rand->($to - $from) } 1 .. ZERO_RUN;
    }
    return @at;
}

sub points {
    my ($tree) = @_;
    my $label = labels($tree);
    my $rand = FaultLab::random('points');
    my $bits = FaultLab::choose(1, 1, 8);
    my @points;
    for my $name (sort keys %$label) {
        my $bytes = $tree->bytes($label->{$name});
        my $mode = sub { return (qw(live live held start))[ $rand->(4) ] };
        for my $at (offsets($bytes)) {
            my @bits = $bits == 8 ? 0 .. 7 : ($rand->(8));
            push @points, map { "flip $name $at $_ " . $mode->() } @bits;
        }
        my %length = map { $_ => 1 } 0, offsets($bytes);
        push @points, map { "cut $name $_ " . $mode->() } sort { $a <=> $b } keys %length;
    }
    return FaultLab::shuffled($rand, @points);
}

# ---- judgement

my %GROWS = map { $_ => 1 } qw(MODSEQ HIGHESTMODSEQ UIDNEXT);

sub same_fact {
    my ($key, $was, $is) = @_;
    return 1 if $was eq $is;
    my ($last) = $key =~ /(\S+)\z/;
    return $GROWS{$last} && $is =~ /\A\d+\z/ && $is >= $was && $is <= $was + GAP;
}

# Did a command that concerns the mailbox of this fact (or the session) fail?
sub was_told {
    my ($key, $status, $complete) = @_;
    return 1 unless $complete;
    my ($box) = $key =~ /^(?:(?:LIST|LSUB|STATUS|ACL|MYRIGHTS|QUOTA|QUOTAROOT) )?(\S+)/;
    for my $command (keys %$status) {
        next if $status->{$command} eq 'OK';
        my %word = map { $_ => 1 } split ' ', $command;
        return 1 if $word{$box} || ($word{LIST} && $key =~ /^LIST/) || ($word{LSUB} && $key =~ /^LSUB/) || $word{LOGIN};
        return 1 if $key =~ /^QUOTA / && $word{GETQUOTAROOT};
    }
    return 0;
}

# Flags (and what follows from them) of a mailbox about which the client was warned.
sub is_alerted {
    my ($key, $status) = @_;
    return 0 unless $key =~ m{(?:FLAGS|UNSEEN)\z};
    my ($box) = $key =~ /^(?:STATUS )?(\S+)/;
    return defined $status->{"$box ALERT"};
}

# Compare what one user is told with the reference.  Returns lists of texts: wrong, silent, reported.
sub judge {
    my ($user, $before, $now) = @_;
    my (%then_status, %status, @wrong, @silent, @reported);
    my $then = FaultState::facts($user, $before, \%then_status);
    my $is = FaultState::facts($user, $now, \%status);
    my $complete = ($status{LOGOUT} // '') eq 'OK' || $now->{out} =~ /^\* BYE/m ? 1 : 0;
    my $ended_early = !defined $status{LOGOUT};
    for my $key (sort keys %$then) {
        if (!defined $is->{$key}) {
            push @{ $ended_early && $complete || was_told($key, \%status, $complete) ? \@reported : \@silent }, $key;
        } elsif (!same_fact($key, $then->{$key}, $is->{$key})) {
            push @{ is_alerted($key, \%status) ? \@reported : \@wrong }, "$key: '$then->{$key}' became '$is->{$key}'";
        }
    }
    push @wrong, map { "$_ appeared: '$is->{$_}'" } grep { !defined $then->{$_} } sort keys %$is;
    push @reported, map { "$_: $status{$_}" } grep { $status{$_} ne ($then_status{$_} // '') } sort keys %status;
    return (\@wrong, \@silent, \@reported);
}

# What damage of a database may take away with a word in the log, and no other: \Seen of other users, rights, places
# in the list, limits.  The bytes of a message, its size, date and UID are never among them.  Of mailboxes whose own
# files are damaged the client is told.
my $REDUCED = qr/^\w+: .*(?:FLAGS\b|\bACL |\bLIST |\bQUOTA |UNSEEN\b)/;
my $DATABASE = qr{(?:^|/)(?:mailboxes|annotations|seen|quotas)\.db\z|^quota/};

# Did a program name the damage in its log?  The log stays for whoever asks next.
sub is_named {
    my ($tree) = @_;
    return (FaultLab::slurp(FaultProgram::log_path($tree)) // '') =~ /IOERROR|DBERROR/;
}

# One trial.  Returns the category and the words for it.
sub trial {
    my ($tree, $point, $before, $label) = @_;
    my ($what, $name, @n) = split ' ', $point;
    my $mode = pop @n;
    my $rel = $label->{$name} or die "no file $name\n";
    my $held = $mode eq 'held' ? FaultState::hold($tree) : undef;
    $before = $before->{held} if $held;
    $what eq 'flip' ? $tree->flip($rel, @n) : $tree->cut($rel, @n);
    my $damaged = FaultLab::slurp($tree->path($rel));
    unlink "$tree->{dir}/stderr";
    my @dead;
    if ($mode eq 'start') {
        my $r = FaultState::recover($tree);
        return ('hang', 'ctl_cyrusdb -r') if $r->{hang};
        push @dead, "ctl_cyrusdb -r: $r->{ending}" if $r->{ending} =~ /signal/;
    }
    my $now = $held ? FaultState::read_held($held) : FaultState::read($tree);
    my (@wrong, @silent, @reported);
    for my $user (sort keys %$now) {
        return ('hang', "session of $user") if $now->{$user}{hang};
        push @dead, "session of $user: $now->{$user}{ending}" if $now->{$user}{ending} =~ /signal/;
        next if $now->{$user}{out} eq $before->{$user}{out};
        my ($w, $s, $r) = judge($user, $before->{$user}, $now->{$user});
        push @wrong, map { "$user: $_" } @$w;
        push @silent, map { "$user: $_" } @$s;
        push @reported, map { "$user: $_" } @$r;
    }
    my $stderr = FaultLab::slurp("$tree->{dir}/stderr") // '';
    push @dead, $1 if $stderr =~ /((?:ERROR: \w+Sanitizer|.*runtime error|BUG:).*)/;
    return ('crash', join '; ', @dead) if @dead;
    my ($row) = grep { $name =~ $_->[0] } @UNCHECKED;
    if ($row && (@wrong || @silent)) {
        my @beyond = grep { !/^\w+: $row->[1]/ } @wrong, @silent;         # "alice: LSUB INBOX ..."
        return ('unchecked', '') if !@beyond;
    }
    return ('named', join '; ', @wrong) if @wrong && $name =~ $DATABASE && is_named($tree) && !grep { !/$REDUCED/ } @wrong;
    return ('wrong', join '; ', @wrong) if @wrong;
    return ('silent', join '; ', @silent) if @silent;
    return ('reported', '') if @reported;
    my $after = FaultLab::slurp($tree->path($rel)) // '';
    return ($after ne $damaged ? 'healed' : 'harmless', '');
}

# ---- the job
my @CATEGORIES = qw(harmless healed reported named unchecked silent wrong crash hang);

sub run {
    my ($population) = @_;
    my $only = $FaultLab::Opt{point};
    my ($files_least, $journal_least) = (FaultLab::choose(60, 10_000, 100_000), FaultLab::choose(20, 1_000, 3_000));
    my (%count, $tried, $journal);
    $tried = run_files($population, \%count, FaultLab::time_for(FaultLab::choose(14, 700, 30_000), $files_least))
        unless $only && $only =~ / journal/;
    $journal = FaultJournal::run($population, \%count, FaultLab::time_for(FaultLab::choose(6, 200, 6_000), $journal_least))
        unless $only && $only !~ / journal/;
    my %by = (%{ $count{files} || {} }, %{ $count{journal} || {} });
    for my $label (sort keys %by) {
        FaultLab::note(sprintf '%-40s %s', $label, join ' ', map { "$_=$by{$label}{$_}" } grep { $by{$label}{$_} } @CATEGORIES);
    }
    if (!$only) {
        FaultLab::bound('F6.points', $tried, $files_least, at_least => 1);
        if (defined $journal) { FaultLab::bound('F6.journal_points', $journal, $journal_least, at_least => 1) }
        else { FaultLab::skipped('F6 journal', 'nothing is left in a journal after a kill') }
    }
    FaultLab::figure("F6.$_", $count{$_} // 0) for qw(harmless healed reported named unchecked);
    FaultLab::bound("F6.$_", $count{$_} // 0, 0) for qw(silent wrong crash hang);
}

# What one worker needs: its own files, and what is read of them undamaged.
sub place {
    my ($population) = @_;
    my $tree = FaultTree->copy($population, FaultLab::memory_dir());
    my $before = FaultState::read($tree);
    $tree->restore;
    $before->{held} = FaultState::read_held(FaultState::hold($tree));
    $tree->restore;
    FaultProgram::logged($tree);
    return { tree => $tree, before => $before, label => labels($tree), end => sub { $tree->drop } };
}

# All files but the journal, in a time of FaultLab::time_for.  Counts into %$count; returns the number of points.
sub run_files {
    my ($population, $count, $time) = @_;
    my $only = $FaultLab::Opt{point};
    my $first = FaultTree->copy($population, FaultLab::memory_dir());
    my @points = $only ? ($only) : points($first);
    my $tried = 0;
    FaultLab::spread($FaultLab::Opt{workers}, \@points, sub { place($population) },
        sub {
            my ($point, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            my ($category, $words) = trial($w->{tree}, $point, $w->{before}, $w->{label});
            my $log = FaultProgram::logged($w->{tree});
            print "$category $words\n", map { "  log: $_\n" } split /\n/, $log if $only;
            $w->{tree}->restore unless $only && $FaultLab::Opt{keep};
            $say->("$category|$point|$words");
        },
        sub {
            my ($category, $point, $words) = split /\|/, $_[0], 3;
            return FaultLab::worker_error('F6', $_[0]) if !defined $point;
            $tried++;
            $count->{$category}++;
            $count->{files}{ join ' ', (split ' ', $point)[ 1, 0 ] }{$category}++;
            FaultLab::broken('F6', $point, "$category: " . substr $words, 0, 300) if $category =~ /^(?:silent|wrong|crash|hang)\z/;
        });
    return $tried;
}

1;
