package FaultJournal;
# FaultJournal - the part of job F6 that damages the journal after a power cut
#
# The image: a session made some acknowledged changes and was killed; the disk kept the journal, and
# nothing else since the start.  Replaying gives every change.  Then each byte of the journal in use is
# flipped, and its files are cut ("flip journal/0 OFFSET BIT start").  Each mailbox must be as it was
# after one of the changes (or before all), or lack what one of them did:
#   the last state everywhere                               harmless
#   less than that, and the log has a warning or an error   reported
#   the server refuses to start, or refuses the mailbox     reported
#   less than that, and the log is silent                   silent     bound 0
#   something that never was                                wrong      bound 0
use strict;
use warnings;
use FaultLab;
use FaultOps;
use FaultProgram;
use FaultState;
use FaultTree;

my @CHANGES = (
    [ 'APPEND INBOX (\Flagged) " 5-Mar-2015 10:00:00 +0000" ', \FaultState::message(91) ],
    [ 'APPEND INBOX.Work (NewWord) " 6-Mar-2015 10:00:00 +0000" ', \FaultState::message(92, 30) ],
    ['SELECT INBOX'], ['UID STORE 2:3 +FLAGS (\Answered Other)'], ['UID COPY 1:2 INBOX.Work'], ['EXPUNGE'],
    [ 'APPEND INBOX () " 7-Mar-2015 10:00:00 +0000" ', \FaultState::message(93) ],
);
my @BOXES = ('INBOX', 'INBOX.Work');

# Text of each mailbox: { box => facts }.
sub boxes {
    my ($tree) = @_;
    my $told = FaultState::read($tree, boxes => { alice => [ 'INBOX', 'INBOX.Work', 'INBOX.Work.Old' ] });
    my $lines = FaultOps::picture($told)->{alice};
    my %box;
    for my $name (@BOXES) { $box{$name} = join "\n", grep { /^\Q$name\E / } split /\n/, $lines }
    return \%box;
}

# The first n changes by a session of its own.
sub change {
    my ($tree, $n) = @_;
    my $s = FaultProgram->start($tree, 'imapd');
    my $c = $s->client;
    $c->response;
    $c->login('alice', 'secret');
    $c->ok(@$_) for @CHANGES[ 0 .. $n - 1 ];
    return $s;
}

# A tree in the state after the power cut, and the states that each mailbox had on the way.
# Nothing when there is no journal.
sub image {
    my ($population) = @_;
    my $tree = FaultTree->copy($population, FaultLab::memory_dir());
    my %was;
    for my $n (0 .. @CHANGES) {
        my $s = change($tree, $n);
        $s->client->cmd('LOGOUT');
        $s->ended(5);
        my $box = boxes($tree);
        push @{ $was{$_} }, $box->{$_} for @BOXES;
        $tree->restore;
    }
    change($tree, scalar @CHANGES)->kill9;
    my %left;
    for my $path (map { glob "$tree->{dir}/conf/$_" } 'journal*', 'journal/*') {
        (my $rel = $path) =~ s{^\Q$tree->{dir}\E/}{};
        $left{$rel} = FaultLab::slurp($path) if -f $path;
    }
    $tree->restore;
    my ($uid, $gid) = (stat $tree->path('conf'))[4, 5];
    mkdir $tree->path('conf/journal');
    for my $rel ('conf/journal', keys %left) {
        FaultLab::spew($tree->path($rel), $left{$rel}) if defined $left{$rel};
        chown $uid, $gid, $tree->path($rel) if $> == 0;
    }
    $tree->snapshot;
    my $worth = grep { $_ =~ m{/\d+\z} && $left{$_} =~ /[^\0]/ } keys %left;
    return $worth ? { tree => $tree, was => \%was, files => [ sort keys %left ] } : undef;
}

# Bytes of a file that were written: to the end of the last one that is not zero.
sub points {
    my ($image) = @_;
    my ($tree, @points) = ($image->{tree});
    my $rand = FaultLab::random('journal');
    for my $rel (@{ $image->{files} }) {
        my $name = $rel =~ s{^conf/}{}r;
        my $bytes = $tree->bytes($rel);
        my $size = length($bytes =~ s/\0+\z//r);
        my @at = grep { $_ < $size + 16 && $_ < length $bytes } FaultFlip::offsets(substr $bytes, 0, $size + 16);
        push @points, map { "flip $name $_ " . $rand->(8) . ' start' } @at;
        push @points, map { "cut $name $_ start" } 0, grep { $rand->(4) == 0 } @at;
    }
    return FaultLab::shuffled($rand, @points);
}

# Facts that no state had.  Numbers of lists may be fewer; counts may be anything between.
sub never_was {
    my ($is, @was) = @_;
    my (%line, %number);
    for my $line (map { split /\n/ } @was) {
        $line{$line} = 1;
        my ($key, $value) = split / = /, $line, 2;
        $number{$key}{$_} = 1 for $key =~ /SEARCH/ ? split ' ', $value // '' : ();
    }
    my @never;
    for my $line (grep { !$line{$_} } split /\n/, $is) {
        my ($key, $value) = split / = /, $line, 2;
        next if $key =~ / (?:EXISTS|UIDNEXT)\z/;
        next if $key =~ /SEARCH/ && !grep { !$number{$key}{$_} } split ' ', $value;
        push @never, $line;
    }
    return join '; ', map { substr $_, 0, 100 } @never;
}

sub trial {
    my ($image, $point) = @_;
    my ($what, $name, @n) = split ' ', $point;
    my $tree = $image->{tree};
    $what eq 'flip' ? $tree->flip("conf/$name", @n[ 0, 1 ]) : $tree->cut("conf/$name", $n[0]);
    unlink "$tree->{dir}/stderr";
    FaultProgram::logged($tree);
    my $r = FaultState::recover($tree);
    return [ 'hang', 'ctl_cyrusdb -r' ] if $r->{hang};
    my $is = $r->{ending} eq '' ? boxes($tree) : {};
    my $all = FaultProgram::logged($tree);
    print map { "  log: $_\n" } split /\n/, $all if $FaultLab::Opt{point};
    my $log = join '', grep { /^[0-4] / } map { "$_\n" } split /\n/, $all;
    $log .= FaultLab::slurp("$tree->{dir}/stderr") // '';
    return [ 'crash', $r->{ending} ] if $r->{ending} =~ /signal/;
    return [ $log ? 'reported' : 'silent', "ctl_cyrusdb -r: $r->{ending}" ] if $r->{ending};
    my $earlier = '';
    for my $name (@BOXES) {
        my @was = @{ $image->{was}{$name} };
        next if $is->{$name} eq $was[-1];
        next if $is->{$name} eq '' && ($earlier = "$name is refused");
        my ($n) = grep { $was[$_] eq $is->{$name} } reverse 0 .. $#was;
        my $never = defined $n ? '' : never_was($is->{$name}, @was);
        return [ 'wrong', "$name: $never" ] if $never;
        $earlier = defined $n ? "$name is as after change $n" : "$name lacks a change: " . FaultOps::difference($was[-1], $is->{$name});
    }
    return [ 'harmless', '' ] if !$earlier;
    return [ $log ? 'reported' : 'silent', $earlier ];
}

# In a time of FaultLab::time_for; counts into %$count (as FaultFlip); returns the number of points, undef without a journal.
sub run {
    my ($population, $count, $time) = @_;
    my $main = image($population) or return undef;
    my $only = $FaultLab::Opt{point};
    my @points = $only ? ($only) : points($main);
    my $tried = 0;
    $main->{tree}->drop;
    FaultLab::spread($FaultLab::Opt{workers}, \@points,
        sub { my $w = image($population); $w->{end} = sub { $w->{tree}->drop }; return $w },
        sub {
            my ($point, $w, $say) = @_;
            return $w->{stop} = 1 if FaultLab::is_over($time, $w);
            my $v = trial($w, $point);
            print "$v->[0] $v->[1]\n" if $only;
            $w->{tree}->restore unless $only && $FaultLab::Opt{keep};
            $say->("$v->[0]|$point|$v->[1]");
        },
        sub {
            my ($category, $point, $words) = split /\|/, $_[0], 3;
            return FaultLab::worker_error('F6', $_[0]) if !defined $point;
            $tried++;
            $count->{$category}++;
            $count->{journal}{ join ' ', (split ' ', $point)[ 1, 0 ] }{$category}++;
            FaultLab::broken('F6', $point, "$category: " . substr $words, 0, 300) if $category =~ /^(?:silent|wrong|crash|hang)\z/;
        });
    return $tried;
}

1;
